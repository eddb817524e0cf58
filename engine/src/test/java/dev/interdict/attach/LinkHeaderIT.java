package dev.interdict.attach;

import static dev.interdict.attach.PacketKernel.BIT;
import static dev.interdict.attach.PacketKernel.PORT;
import static dev.interdict.attach.PacketKernel.SLOT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.interdict.testkit.Bpffs;
import dev.interdict.testkit.FdLeaks;
import dev.interdict.testkit.Net;
import dev.interdict.testkit.Packets;
import dev.interdict.verdict.VerdictKey;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Interfaces whose frames begin with the IP header. */
@Tag("native")
@ExtendWith(FdLeaks.class)
class LinkHeaderIT {
  private static final String HERE = "10.78.0.1";
  private static final int ETHERNET_BYTES = 14;
  private static final int OTHER_PORT = 9998;

  /** Writes a packet into a tun device, as a VPN does; the type may be set before. */
  private static final String WRITER =
      """
      import fcntl, os, struct, sys
      name, type, packet = sys.argv[1:]
      tun = os.open("/dev/net/tun", os.O_RDWR)
      fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", name.encode(), 0x1001))
      if type != "0":
          fcntl.ioctl(tun, 0x400454cd, int(type))
      if packet:
          os.write(tun, bytes.fromhex(packet))
      """;

  @RegisterExtension final Bpffs bpffs = new Bpffs();

  /** Control, audit, enforce and twin. */
  @Test
  void framesWithoutAHeaderAreReadFromTheirFirstByte() throws Exception {
    try (PacketKernel kernel = new PacketKernel(bpffs.pins(), tunnel(), "tun9");
        DatagramSocket socket = listen(kernel.net, PORT);
        DatagramSocket other = listen(kernel.net, OTHER_PORT)) {
      kernel.use(false, false);
      assertTrue(arrives(kernel.net, socket, PORT), "nothing is known");
      VerdictKey key = VerdictKey.of(kernel.asked("10.78.0.2").head().key());
      kernel.table.merge(key, PacketKernel.verdict(BIT), 1);
      assertTrue(arrives(kernel.net, socket, PORT), "audit");
      assertEquals(1, kernel.counters.slot(SLOT).get("would_deny"));
      kernel.use(true, false);
      assertFalse(arrives(kernel.net, socket, PORT), "enforced");
      assertEquals(1, kernel.counters.slot(SLOT).get("denied"));
      assertTrue(arrives(kernel.net, other, OTHER_PORT), "the allowed neighbour");
    }
  }

  /** Whoever owns a tun device may say that it is Ethernet; it is not. */
  @Test
  void aDeviceThatLiesAboutItsTypeIsReadAsWhatItIs() {
    try (Net net = tunnel()) {
      net.ip("here", "link set tun9 down");
      write(net, "1", "");
      assertTrue(net.ip("here", "link show tun9").contains("link/ether"));
      assertEquals(Optional.of(LinkHeader.NONE), net.here(() -> LinkHeader.of("tun9")));
      net.ip("here", "tuntap add dev tap9 mode tap");
      assertEquals(Optional.of(LinkHeader.ETHERNET), net.here(() -> LinkHeader.of("tap9")));
    }
  }

  @Test
  void linksThatNobodyCanReadAreRefused() {
    assertEquals(Optional.of(LinkHeader.ETHERNET), LinkHeader.ofType(1));
    assertEquals(Optional.of(LinkHeader.ETHERNET), LinkHeader.ofType(772));
    assertEquals(Optional.of(LinkHeader.NONE), LinkHeader.ofType(65534));
    for (int type : new int[] {32, 280, 776, 778, 801, 802, 803, 824}) {
      assertEquals(Optional.empty(), LinkHeader.ofType(type), "type " + type);
    }
  }

  private static Net tunnel() {
    Net net = new Net();
    net.ip("here", "tuntap add dev tun9 mode tun");
    net.ip("here", "addr add " + HERE + "/24 dev tun9");
    net.ip("here", "link set tun9 up");
    return net;
  }

  private static DatagramSocket listen(Net net, int port) {
    return net.here(
        () -> {
          DatagramSocket socket = new DatagramSocket(new InetSocketAddress(HERE, port));
          socket.setSoTimeout(300);
          return socket;
        });
  }

  private static boolean arrives(Net net, DatagramSocket socket, int port) throws Exception {
    write(net, "0", HexFormat.of().formatHex(packet(port)));
    try {
      socket.receive(new DatagramPacket(new byte[64], 64));
      return true;
    } catch (SocketTimeoutException e) {
      return false;
    }
  }

  private static void write(Net net, String type, String packet) {
    net.exec("here", "python3", "-c", WRITER, "tun9", type, packet);
  }

  private static byte[] packet(int port) {
    byte[] frame = Packets.udp("10.78.0.2", 1234, HERE, port);
    byte[] packet = Arrays.copyOfRange(frame, ETHERNET_BYTES, frame.length);
    ByteBuffer header = ByteBuffer.wrap(packet, 0, 20);
    int sum = 0;
    while (header.hasRemaining()) {
      sum += Short.toUnsignedInt(header.getShort());
    }
    ByteBuffer.wrap(packet).putShort(10, (short) ~(sum + (sum >>> 16)));
    return packet;
  }
}
