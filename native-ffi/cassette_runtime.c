/*
 * What only Node-API can do: tell that a runtime's isolate has ended (a worker is terminated, and
 * nothing of it is called any more), and when the last view of an arena is gone, wherever it was
 * moved to. The shim is loaded as a module of Node-API too; its functions of that are
 *
 *   view(arena: bigint, bytes: number): ArrayBuffer
 *   own(session: bigint): void      abandons the session when the isolate ends
 *   disown(session: bigint): void   does not, as it is freed
 *
 * The declarations are those of node_api.h, whose binary interface is stable.
 */
#include "cassette_fetch.h"

#include <stddef.h>

/* ELF lets a program without Node-API load the shim, as its functions are looked up when it starts. */
#if defined(__ELF__)
#define NODE_API __attribute__((weak)) extern
#else
#define NODE_API extern
#endif

typedef struct napi_env__ *napi_env;
typedef struct napi_value__ *napi_value;
typedef struct napi_callback_info__ *napi_callback_info;
typedef int napi_status;
typedef napi_value (*napi_callback)(napi_env, napi_callback_info);
typedef void (*napi_finalize)(napi_env, void *data, void *hint);
typedef void (*napi_cleanup_hook)(void *data);

NODE_API napi_status napi_get_cb_info(napi_env, napi_callback_info, size_t *count, napi_value *values,
                                      napi_value *self, void **data);
NODE_API napi_status napi_get_value_bigint_uint64(napi_env, napi_value, uint64_t *, _Bool *lossless);
NODE_API napi_status napi_get_value_int64(napi_env, napi_value, int64_t *);
NODE_API napi_status napi_create_external_arraybuffer(napi_env, void *bytes, size_t length,
                                                      napi_finalize, void *hint, napi_value *);
NODE_API napi_status napi_create_function(napi_env, const char *name, size_t length, napi_callback,
                                          void *data, napi_value *);
NODE_API napi_status napi_set_named_property(napi_env, napi_value object, const char *name, napi_value);
NODE_API napi_status napi_throw_error(napi_env, const char *code, const char *message);
NODE_API napi_status napi_add_env_cleanup_hook(napi_env, napi_cleanup_hook, void *data);
NODE_API napi_status napi_remove_env_cleanup_hook(napi_env, napi_cleanup_hook, void *data);

static void drop_view(napi_env env, void *arena, void *hint) {
  (void)env;
  (void)hint;
  cassette_view_drop(arena);
}

static napi_value view(napi_env env, napi_callback_info info) {
  size_t count = 2;
  napi_value values[2], made = NULL;
  uint64_t address = 0;
  int64_t bytes = 0;
  _Bool lossless = 0;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) || count != 2 ||
      napi_get_value_bigint_uint64(env, values[0], &address, &lossless) || !lossless ||
      napi_get_value_int64(env, values[1], &bytes) || address == 0 || bytes <= 0) {
    napi_throw_error(env, NULL, "view takes an arena and its bytes");
    return NULL;
  }
  uint8_t *arena = (uint8_t *)(uintptr_t)address;
  cassette_view(arena);
  if (napi_create_external_arraybuffer(env, arena, (size_t)bytes, drop_view, NULL, &made)) {
    cassette_view_drop(arena);
    napi_throw_error(env, NULL, "there is no memory for a view");
    return NULL;
  }
  return made;
}

static void abandon(void *session) {
  cassette_session_abandon((cassette_session_id)(uintptr_t)session);
}

static napi_value hook(napi_env env, napi_callback_info info,
                       napi_status (*change)(napi_env, napi_cleanup_hook, void *)) {
  size_t count = 1;
  napi_value value;
  uint64_t session = 0;
  _Bool lossless = 0;
  if (napi_get_cb_info(env, info, &count, &value, NULL, NULL) || count != 1 ||
      napi_get_value_bigint_uint64(env, value, &session, &lossless) || !lossless ||
      change(env, abandon, (void *)(uintptr_t)session))
    napi_throw_error(env, NULL, "a session must be owned once, and disowned once");
  return NULL;
}

static napi_value own(napi_env env, napi_callback_info info) {
  return hook(env, info, napi_add_env_cleanup_hook);
}

static napi_value disown(napi_env env, napi_callback_info info) {
  return hook(env, info, napi_remove_env_cleanup_hook);
}

/* Node-API calls it once for each isolate that loads the shim. */
CASSETTE_API napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  static const struct {
    const char *name;
    napi_callback function;
  } functions[] = {{"view", view}, {"own", own}, {"disown", disown}};
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    napi_value function;
    if (napi_create_function(env, functions[i].name, SIZE_MAX, functions[i].function, NULL,
                             &function) ||
        napi_set_named_property(env, exports, functions[i].name, function))
      napi_throw_error(env, NULL, "the shim's functions cannot be made");
  }
  return exports;
}
