package dev.interdict.policy;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Names that stand for ports. They travel with the product and are not those of a host's {@code
 * /etc/services}, so that a policy means the same on every host. The numbers are those of IANA's
 * Service Name and Transport Protocol Port Number Registry (RFC 6335; as of April 2024); the choice
 * is ours: what policies are written about, and only names that have one number there and are not
 * commonly taken for another service. A number in this table never changes.
 */
final class Services {
  private static final Map<String, Long> PORTS =
      table(
          """
          echo 7 discard 9 daytime 13 chargen 19 ftp-data 20 ftp 21 ssh 22 telnet 23 smtp 25 time 37
          nicname 43 tacacs 49 domain 53 bootps 67 bootpc 68 tftp 69 gopher 70 finger 79 http 80 www 80
          kerberos 88 pop2 109 pop3 110 sunrpc 111 auth 113 ident 113 nntp 119 ntp 123 epmap 135
          netbios-ns 137 netbios-dgm 138 netbios-ssn 139 imap 143 snmp 161 snmptrap 162 xdmcp 177 bgp 179
          irc 194 ptp-event 319 ptp-general 320 ldap 389 svrloc 427 https 443 microsoft-ds 445 kpasswd 464
          submissions 465 isakmp 500 exec 512 login 513 shell 514 syslog 514 printer 515 talk 517 ntalk 518
          router 520 ripng 521 uucp 540 klogin 543 kshell 544 dhcpv6-client 546 dhcpv6-server 547
          afpovertcp 548 rtsp 554 nntps 563 submission 587 asf-rmcp 623 ipp 631 ldaps 636 kerberos-adm 749
          netconf-ssh 830 domain-s 853 rsync 873 ftps-data 989 ftps 990 telnets 992 imaps 993 pop3s 995
          socks 1080 rmiregistry 1099 openvpn 1194 ms-sql-s 1433 ms-sql-m 1434 l2tp 1701 radius 1812
          radius-acct 1813 mqtt 1883 ssdp 1900 nfs 2049 radsec 2083 gtp-user 2152 docker 2375 docker-s 2376
          etcd-client 2379 etcd-server 2380 cvspserver 2401 smpp 2775 gpsd 2947 isns 3205 iscsi-target 3260
          msft-gc 3268 msft-gc-ssl 3269 mysql 3306 ms-wbt-server 3389 stun 3478 turn 3478 nut 3493
          teredo 3544 distcc 3632 svn 3690 bfd-control 3784 diameter 3868 sieve 4190 epmd 4369 ntske 4460
          ipsec-nat-t 4500 iax 4569 vxlan 4789 sip 5060 sips 5061 xmpp-client 5222 xmpp-server 5269
          cfengine 5308 stuns 5349 pcp 5351 mdns 5353 llmnr 5355 postgresql 5432 nrpe 5666 amqps 5671
          amqp 5672 coap 5683 coaps 5684 rfb 5900 couchdb 5984 wsman 5985 wsmans 5986 geneve 6081
          redis 6379 syslog-tls 6514 openflow 6653 neo4j 7474 puppet 8140 secure-mqtt 8883
          pdl-datastream 9100 bacula-dir 9101 git 9418 zabbix-agent 10050 zabbix-trapper 10051 nbd 10809
          memcache 11211 hkp 11371 mountd 20048 nfsrdma 20049 mongodb 27017
          """);

  /** What people say, and what it is called there. */
  private static final Map<String, String> CALLED =
      Map.ofEntries(
          Map.entry("dns", "domain"),
          Map.entry("dot", "domain-s"),
          Map.entry("dhcp", "bootps"),
          Map.entry("smb", "microsoft-ds"),
          Map.entry("cifs", "microsoft-ds"),
          Map.entry("rdp", "ms-wbt-server"),
          Map.entry("vnc", "rfb"),
          Map.entry("mssql", "ms-sql-s"),
          Map.entry("postgres", "postgresql"),
          Map.entry("mongo", "mongodb"),
          Map.entry("memcached", "memcache"),
          Map.entry("etcd", "etcd-client"),
          Map.entry("winrm", "wsman"),
          Map.entry("whois", "nicname"),
          Map.entry("portmapper", "sunrpc"),
          Map.entry("rpcbind", "sunrpc"),
          Map.entry("iscsi", "iscsi-target"),
          Map.entry("jetdirect", "pdl-datastream"),
          Map.entry("smtps", "submissions"),
          Map.entry("sftp", "ssh"));

  private Services() {}

  private static Map<String, Long> table(String text) {
    Map<String, Long> ports = new TreeMap<>();
    List<String> words = List.of(text.strip().split("\\s+"));
    for (int i = 0; i < words.size(); i += 2) {
      ports.put(words.get(i), Long.valueOf(words.get(i + 1)));
    }
    return Collections.unmodifiableMap(ports);
  }

  /** The port of a service; null if no such name is known. */
  static Long port(String name) {
    return PORTS.get(name);
  }

  /** Why {@code name} stands for no port, and what to write. */
  static String unknown(String name) {
    String called = CALLED.get(name);
    String meant =
        called == null
            ? Suggest.among(name, PORTS.keySet())
            : "; " + called + " is " + port(called);
    return "\""
        + name
        + "\" is no service whose port is known"
        + meant
        + (called == null && meant.isEmpty() ? "; write the number" : "");
  }

  /** All names as the authors' page shows them: by number. */
  static String listed() {
    return PORTS.entrySet().stream()
        .sorted(Map.Entry.comparingByValue())
        .map(e -> e.getKey() + " " + e.getValue())
        .collect(Collectors.joining(", "));
  }
}
