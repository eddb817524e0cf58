package dev.interdict.builtins;

import dev.interdict.builtins.Builtin.BuiltinException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code object.subset} and {@code graph.reachable_paths}. */
final class CollectionBuiltins {
  /** A graph can have exponentially many paths. */
  private static final int PATHS_MAX = 10_000;

  private CollectionBuiltins() {}

  static void addTo(Map<String, Builtin> table) {
    table.put("object.subset", a -> subset(a[0], a[1]));
    table.put("graph.reachable_paths", CollectionBuiltins::reachablePaths);
  }

  private static boolean subset(Object whole, Object part) throws BuiltinException {
    if (whole instanceof Map<?, ?> a && part instanceof Map<?, ?> b) {
      return objectSubset(a, b);
    }
    if (whole instanceof Set<?> a && part instanceof Set<?> b) {
      return setSubset(a, b);
    }
    if (whole instanceof List<?> a && part instanceof List<?> b) {
      return arraySubset(a, b);
    }
    if (whole instanceof List<?> a && part instanceof Set<?> b) {
      return !a.isEmpty() && setSubset(a, b);
    }
    throw new BuiltinException("object.subset: arguments of different types");
  }

  private static boolean objectSubset(Map<?, ?> whole, Map<?, ?> part) {
    for (Map.Entry<?, ?> entry : part.entrySet()) {
      Object mine = find(whole, entry.getKey());
      Object theirs = entry.getValue();
      if (mine == null) {
        return false;
      }
      boolean inside =
          switch (mine) {
            case Map<?, ?> a -> theirs instanceof Map<?, ?> b && objectSubset(a, b);
            case Set<?> a -> theirs instanceof Set<?> b && setSubset(a, b);
            case List<?> a -> theirs instanceof List<?> b && arraySubset(a, b);
            default -> Rego.compare(mine, theirs) == 0;
          };
      if (!inside) {
        return false;
      }
    }
    return true;
  }

  private static Object find(Map<?, ?> map, Object key) {
    Object same = findKey(map, key);
    return same == null ? null : map.get(same);
  }

  /** The map's own key that is equal to Rego; null if there is none. */
  static Object findKey(Map<?, ?> map, Object key) {
    Rego.checkInterrupt();
    if (map.containsKey(key) || key instanceof String) {
      return map.containsKey(key) ? key : null;
    }
    return map.keySet().stream().filter(k -> Rego.compare(k, key) == 0).findFirst().orElse(null);
  }

  private static boolean setSubset(Collection<?> whole, Set<?> part) {
    return part.stream().allMatch(element -> Rego.contains(whole, element));
  }

  /* Whether the part appears in one piece. */
  private static boolean arraySubset(List<?> whole, List<?> part) {
    for (int from = 0; from + part.size() <= whole.size(); from++) {
      Rego.checkInterrupt();
      if (Rego.compare(whole.subList(from, from + part.size()), part) == 0) {
        return true;
      }
    }
    return false;
  }

  private static Object reachablePaths(Object[] a) throws BuiltinException {
    Map<?, ?> graph = Rego.object(a[0]);
    Set<Object> paths = new LinkedHashSet<>();
    for (Object root : Rego.collection(a[1])) {
      Collection<?> edges = edges(graph, root);
      if (edges == null) {
        continue;
      }
      if (edges.isEmpty()) {
        paths.add(List.of(root));
      }
      for (Object neighbour : edges) {
        walk(graph, neighbour, List.of(root), paths);
      }
    }
    return paths;
  }

  private static void walk(Map<?, ?> graph, Object node, List<Object> path, Set<Object> paths)
      throws BuiltinException {
    if (paths.size() > PATHS_MAX) {
      throw new BuiltinException("graph.reachable_paths: more than " + PATHS_MAX + " paths");
    }
    Rego.checkInterrupt();
    Collection<?> edges = edges(graph, node);
    if (path.contains(node) || edges == null) {
      paths.add(path);
      return;
    }
    List<Object> longer = new ArrayList<>(path);
    longer.add(node);
    if (edges.isEmpty()) {
      paths.add(longer);
    }
    for (Object neighbour : edges) {
      walk(graph, neighbour, longer, paths);
    }
  }

  private static Collection<?> edges(Map<?, ?> graph, Object node) {
    Object edges = graph.get(node);
    return edges == null ? null : edges instanceof Collection<?> c ? c : List.of();
  }
}
