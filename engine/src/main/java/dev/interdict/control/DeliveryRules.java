package dev.interdict.control;

import dev.interdict.control.BundleControl.Delivery;
import java.util.ArrayList;
import java.util.List;

/** What a source may bring, whatever is in it: nothing older, and nothing that is another's. */
final class DeliveryRules {
  private DeliveryRules() {}

  /** Why {@code delivery} may not come into force on a host in this state; empty: it may. */
  static List<Objection> objections(HostState state, String source, Delivery delivery) {
    List<Objection> all = new ArrayList<>();
    BundleMark mark = state.bundles().get(source);
    String older = mark == null ? null : older(mark, delivery);
    if (older != null) {
      all.add(
          new Objection(
              "bundle " + source,
              older,
              "serve one of a higher serial, or allow it once with: interdict bundle allow-older "
                  + source));
    }
    for (String name : delivery.policies().keySet()) {
      HeldPolicy old = state.policies().get(name);
      if (old != null && !old.bundle().equals(source)) {
        all.add(taken(old));
      }
    }
    return all;
  }

  /** An attacker who can hold back new bundles could otherwise serve an old one, rightly signed. */
  private static String older(BundleMark mark, Delivery delivery) {
    if (mark.serial() < 0) {
      return null;
    }
    if (delivery.serial() < 0) {
      return "it has no serial, and the one before had " + mark.serial();
    }
    if (delivery.serial() < mark.serial()) {
      return "its serial is " + delivery.serial() + ", and the one before had " + mark.serial();
    }
    return delivery.serial() == mark.serial() && !delivery.digest().equals(mark.digest())
        ? "it has the serial " + mark.serial() + " of the one before and other content"
        : null;
  }

  private static Objection taken(HeldPolicy old) {
    return old.bundle().isEmpty()
        ? new Objection(
            "policy " + old.name(),
            "one of this name was applied by hand",
            "take that away with interdict policy delete " + old.name() + ", or rename one")
        : new Objection(
            "policy " + old.name(),
            "the bundle " + old.bundle() + " has one of this name",
            "take it out of one of the bundles");
  }
}
