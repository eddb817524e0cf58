package dev.interdict.testkit;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/**
 * Frames as they come in on an Ethernet interface; checksums are zero, since no hook reads them.
 */
public final class Packets {
  private static final int ETHERNET_BYTES = 14;
  private static final int UDP = 17;

  private Packets() {}

  /** A UDP datagram with 32 bytes of zeros; IPv4 or IPv6 as the addresses are. */
  public static byte[] udp(String source, int sourcePort, String destination, int port) {
    byte[] from = address(source);
    byte[] to = address(destination);
    ByteBuffer frame = ByteBuffer.allocate(128);
    frame.position(12);
    int payload = 8 + 32;
    if (from.length == 4) {
      frame.putShort((short) 0x0800);
      frame.put((byte) 0x45).put((byte) 0).putShort((short) (20 + payload));
      frame.putInt(0x4000).put((byte) 64).put((byte) UDP).putShort((short) 0);
    } else {
      frame.putShort((short) 0x86dd);
      frame.putInt(0x60000000).putShort((short) payload).put((byte) UDP).put((byte) 64);
    }
    frame.put(from).put(to);
    frame.putShort((short) sourcePort).putShort((short) port).putShort((short) payload);
    byte[] bytes = new byte[frame.position() + 2 + 32];
    frame.get(0, bytes);
    return bytes;
  }

  /** The same frame in a VLAN. */
  public static byte[] vlan(int tag, byte[] frame) {
    return tagged(0x8100, tag, frame);
  }

  /** The same frame in a provider's VLAN (802.1ad). */
  public static byte[] serviceVlan(int tag, byte[] frame) {
    return tagged(0x88a8, tag, frame);
  }

  private static byte[] tagged(int ethertype, int tag, byte[] frame) {
    return ByteBuffer.allocate(frame.length + 4)
        .put(frame, 0, ETHERNET_BYTES - 2)
        .putShort((short) ethertype)
        .putShort((short) tag)
        .put(frame, ETHERNET_BYTES - 2, frame.length - ETHERNET_BYTES + 2)
        .array();
  }

  /** The same IPv6 frame with one more header, of 8 bytes, before the transport's. */
  public static byte[] extended(byte[] frame, int header, int segmentsLeft) {
    int ip = ETHERNET_BYTES + 40;
    ByteBuffer longer = ByteBuffer.allocate(frame.length + 8);
    longer.put(frame, 0, ip).put(frame[ETHERNET_BYTES + 6]).put((byte) 0).put((byte) 4);
    longer.put((byte) segmentsLeft).putInt(0).put(frame, ip, frame.length - ip);
    longer.putShort(ETHERNET_BYTES + 4, (short) (longer.getShort(ETHERNET_BYTES + 4) + 8));
    return longer.put(ETHERNET_BYTES + 6, (byte) header).array();
  }

  /** The bytes of an address, 4 or 16. */
  public static byte[] address(String text) {
    try {
      return InetAddress.getByName(text).getAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
