/**
 * Most turns that all loops of an invocation may take together in one dispatch, on any adapter.
 *
 * lavapipe ends an invocation after 65,535 of them, without an error: it counts those of all loops, of
 * the invocations that run in lockstep (8 with AVX2) together, so that where these take turns of a loop
 * at different times their turns add up. A device that was made elsewhere may be lavapipe's.
 */
export const MOST_TURNS = 65_000;
