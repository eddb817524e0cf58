package dev.interdict.recording;

import java.time.Instant;

/**
 * What the engine was asked about and a recording does not have.
 *
 * @param why {@code queue}: it came faster than it could be written; {@code disk}: it could not be
 *     written; {@code bound}: it was the oldest of too much; {@code mask}: nobody knows any more
 *     what its key tells; {@code error}: something unexpected was thrown; {@code damaged}: it was
 *     changed on the disk
 * @param asks how often the engine was asked; 0: nobody knows
 * @param until when this was noticed
 */
public record Gap(String why, long asks, Instant until) {}
