/** The functions of `cassette_fetch.h`, parameter by parameter. */
export const SYMBOLS = {
  cassette_driver_open: {
    parameters: [
      "buffer", // const char *path
      "buffer", // const char *libpython
      "buffer", // char *error
      "u32", // uint32_t capacity
    ],
    result: "pointer",
    nonblocking: true,
  },
  cassette_log_level: {
    parameters: [
      "pointer", // cassette_driver *driver
      "i32", // int32_t level
    ],
    result: "void",
  },
  cassette_log_take: {
    parameters: [
      "pointer", // cassette_driver *driver
      "buffer", // uint8_t *out
      "u32", // uint32_t capacity
    ],
    result: "u32",
  },
  cassette_session_new: {
    parameters: [
      "pointer", // cassette_driver *driver
    ],
    result: "u64",
  },
  cassette_session_set: {
    parameters: [
      "u64", // cassette_session_id session
      "buffer", // const char *name
      "buffer", // const char *value
      "u32", // uint32_t length
    ],
    result: "i32",
  },
  cassette_connect: {
    parameters: [
      "u64", // cassette_session_id session
    ],
    result: "void",
  },
  cassette_query: {
    parameters: [
      "u64", // cassette_session_id session
      "buffer", // const char *cql
      "u32", // uint32_t length
    ],
    result: "void",
  },
  cassette_prepare: {
    parameters: [
      "u64", // cassette_session_id session
      "buffer", // const char *cql
      "u32", // uint32_t length
    ],
    result: "void",
  },
  cassette_close: {
    parameters: [
      "u64", // cassette_session_id session
    ],
    result: "void",
  },
  cassette_operation_wait: {
    parameters: [
      "u64", // cassette_session_id session
      "u32", // uint32_t timeout
    ],
    result: "i32",
    nonblocking: true,
  },
  cassette_operation_code: {
    parameters: [
      "u64", // cassette_session_id session
    ],
    result: "u32",
  },
  cassette_session_text: {
    parameters: [
      "u64", // cassette_session_id session
      "buffer", // uint8_t *out
      "u32", // uint32_t capacity
    ],
    result: "u32",
  },
  cassette_submit: {
    parameters: [
      "u64", // cassette_session_id session
      "buffer", // const uint8_t *ids
      "u32", // uint32_t count
      "u64", // uint64_t token
      "u64", // uint64_t group
    ],
    result: "i32",
  },
  cassette_cancel: {
    parameters: [
      "u64", // cassette_session_id session
      "u64", // uint64_t token
    ],
    result: "void",
  },
  cassette_wait: {
    parameters: [
      "u64", // cassette_session_id session
      "u32", // uint32_t timeout
      "pointer", // cassette_done *out
      "u32", // uint32_t capacity
    ],
    result: "u32",
    nonblocking: true,
  },
  cassette_picked: {
    parameters: [
      "u64", // cassette_session_id session
    ],
    result: "pointer",
  },
  cassette_wake: {
    parameters: [
      "u64", // cassette_session_id session
    ],
    result: "void",
  },
  cassette_batch_release: {
    parameters: [
      "pointer", // cassette_batch *batch
      "i32", // int32_t view_kept
    ],
    result: "void",
  },
  cassette_stats: {
    parameters: [
      "u64", // cassette_session_id session
      "buffer", // cassette_stats_data *out
    ],
    result: "void",
  },
  cassette_session_free: {
    parameters: [
      "u64", // cassette_session_id session
    ],
    result: "void",
    nonblocking: true,
  },
} as const;

/** The functions of the shim, once it is loaded. */
export type ShimSymbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
