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
    result: "pointer",
  },
  cassette_session_set: {
    parameters: [
      "pointer", // cassette_session *session
      "buffer", // const char *name
      "buffer", // const char *value
      "u32", // uint32_t length
    ],
    result: "i32",
  },
  cassette_connect: {
    parameters: [
      "pointer", // cassette_session *session
    ],
    result: "void",
  },
  cassette_query: {
    parameters: [
      "pointer", // cassette_session *session
      "buffer", // const char *cql
      "u32", // uint32_t length
    ],
    result: "void",
  },
  cassette_prepare: {
    parameters: [
      "pointer", // cassette_session *session
      "buffer", // const char *cql
      "u32", // uint32_t length
    ],
    result: "void",
  },
  cassette_close: {
    parameters: [
      "pointer", // cassette_session *session
    ],
    result: "void",
  },
  cassette_operation_wait: {
    parameters: [
      "pointer", // cassette_session *session
      "u32", // uint32_t timeout
    ],
    result: "i32",
    nonblocking: true,
  },
  cassette_operation_code: {
    parameters: [
      "pointer", // cassette_session *session
    ],
    result: "u32",
  },
  cassette_session_text: {
    parameters: [
      "pointer", // cassette_session *session
      "buffer", // uint8_t *out
      "u32", // uint32_t capacity
    ],
    result: "u32",
  },
  cassette_submit: {
    parameters: [
      "pointer", // cassette_session *session
      "buffer", // const uint8_t *ids
      "u32", // uint32_t count
      "u64", // uint64_t token
      "u64", // uint64_t group
    ],
    result: "i32",
  },
  cassette_cancel: {
    parameters: [
      "pointer", // cassette_session *session
      "u64", // uint64_t token
    ],
    result: "void",
  },
  cassette_wait: {
    parameters: [
      "pointer", // cassette_session *session
      "u32", // uint32_t timeout
      "pointer", // cassette_done *out
      "u32", // uint32_t capacity
    ],
    result: "u32",
    nonblocking: true,
  },
  cassette_picked: {
    parameters: [
      "pointer", // cassette_session *session
    ],
    result: "pointer",
  },
  cassette_wake: {
    parameters: [
      "pointer", // cassette_session *session
    ],
    result: "void",
  },
  cassette_batch_release: {
    parameters: [
      "pointer", // cassette_batch *batch
    ],
    result: "void",
  },
  cassette_stats: {
    parameters: [
      "pointer", // cassette_session *session
      "buffer", // cassette_stats_data *out
    ],
    result: "void",
  },
  cassette_session_free: {
    parameters: [
      "pointer", // cassette_session *session
    ],
    result: "void",
    nonblocking: true,
  },
} as const;

/** The functions of the shim, once it is loaded. */
export type ShimSymbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
