/* Loads a driver and keeps its log messages. */
#include "cassette_driver.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_MESSAGES = 128 };

/*
 * The process may export functions of libuv (Deno does, for Node-API modules); a driver that was
 * linked with its own libuv must call that one. Sanitizers forbid this mode.
 */
#if defined(RTLD_DEEPBIND) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define DRIVER_MODE (RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND)
#else
#define DRIVER_MODE (RTLD_NOW | RTLD_LOCAL)
#endif

static pthread_mutex_t drivers_lock = PTHREAD_MUTEX_INITIALIZER;
static cassette_driver *drivers;

/* Drivers have one log per process, not one per session. */
static struct {
  pthread_mutex_t lock;
  int32_t kept; /* level of the least grave messages that are kept */
  uint32_t first, count;
  struct {
    uint32_t level, length;
    char text[CASSETTE_LOG_BYTES];
  } messages[LOG_MESSAGES];
} log_ring = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void keep_message(const CassLogMessage *message, void *data) {
  (void)data;
  if (!message) return;
  pthread_mutex_lock(&log_ring.lock);
  if (message->severity > log_ring.kept) {
    pthread_mutex_unlock(&log_ring.lock);
    return;
  }
  uint32_t at = (log_ring.first + log_ring.count) % LOG_MESSAGES;
  if (log_ring.count == LOG_MESSAGES)
    log_ring.first = (log_ring.first + 1) % LOG_MESSAGES;
  else
    log_ring.count++;
  size_t length = strnlen(message->message, sizeof message->message);
  if (length > CASSETTE_LOG_BYTES) length = CASSETTE_LOG_BYTES;
  memcpy(log_ring.messages[at].text, message->message, length);
  log_ring.messages[at].length = (uint32_t)length;
  log_ring.messages[at].level = (uint32_t)message->severity;
  pthread_mutex_unlock(&log_ring.lock);
}

uint32_t cassette_log_take(cassette_driver *driver, uint8_t *out, uint32_t capacity) {
  (void)driver;
  uint32_t size = 0;
  pthread_mutex_lock(&log_ring.lock);
  while (log_ring.count > 0) {
    uint32_t at = log_ring.first, length = log_ring.messages[at].length;
    uint32_t padded = (length + 3) & ~3u;
    if (size + 8 + padded > capacity) break;
    memcpy(out + size, &log_ring.messages[at].level, 4);
    memcpy(out + size + 4, &length, 4);
    memset(out + size + 8, 0, padded);
    memcpy(out + size + 8, log_ring.messages[at].text, length);
    size += 8 + padded;
    log_ring.first = (at + 1) % LOG_MESSAGES;
    log_ring.count--;
  }
  pthread_mutex_unlock(&log_ring.lock);
  return size;
}

/*
 * A runtime closes its libraries as it ends, which need not be the process's end: a test, a worker.
 * Threads of this library and callbacks that drivers have would then run code that is gone.
 */
__attribute__((constructor)) static void stay_loaded(void) {
  Dl_info self;
  if (dladdr((const void *)&log_ring, &self)) dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
}

void cassette_log_level(cassette_driver *driver, int32_t level) {
  pthread_mutex_lock(&log_ring.lock);
  log_ring.kept = level;
  bool set = !driver->level_once || !driver->level_set;
  driver->level_set = true;
  pthread_mutex_unlock(&log_ring.lock);
  if (set) driver->log_set_level(level); /* it may log that it does */
}

/* POSIX has dlsym give functions as void *, which ISO C has no cast for. */
static bool find(void *library, const char *name, void *function, size_t size) {
  void *symbol = dlsym(library, name);
  memcpy(function, &symbol, size);
  return symbol != NULL;
}

static cassette_driver *load(const char *path, const char *libpython, char *error,
                             uint32_t capacity) {
  void *library = NULL;
  if (!libpython || dlopen(libpython, RTLD_NOW | RTLD_GLOBAL)) library = dlopen(path, DRIVER_MODE);
  if (!library) {
    const char *reason = dlerror();
    snprintf(error, capacity, "%s", reason ? reason : path);
    return NULL;
  }
  cassette_driver *driver = calloc(1, sizeof *driver);
  if (!driver || !(driver->path = strdup(path))) {
    free(driver);
    snprintf(error, capacity, "out of memory");
    return NULL;
  }
#define REQUIRE(name, result, parameters)                                                          \
  if (!find(library, "cass_" #name, &driver->name, sizeof driver->name)) {                         \
    snprintf(error, capacity, "%s has no function cass_" #name, path);                             \
    free(driver->path);                                                                            \
    free(driver);                                                                                  \
    return NULL;                                                                                   \
  }
#define LOOK_FOR(name, result, parameters)                                                         \
  find(library, "cass_" #name, &driver->name, sizeof driver->name);
  CASSETTE_REQUIRED(REQUIRE)
  CASSETTE_OPTIONAL(LOOK_FOR)
#undef REQUIRE
#undef LOOK_FOR
  /* ScyllaDB's driver in Rust, known by what it lacks, takes a level once, and a callback before. */
  driver->level_once = !driver->cluster_set_queue_size_io;
  driver->log_set_callback(keep_message, NULL);
  return driver;
}

cassette_driver *cassette_driver_open(const char *path, const char *libpython, char *error,
                                      uint32_t capacity) {
  pthread_mutex_lock(&drivers_lock);
  cassette_driver *driver = drivers;
  while (driver && strcmp(driver->path, path) != 0) driver = driver->next;
  if (!driver) {
    driver = load(path, libpython, error, capacity);
    if (driver) {
      driver->next = drivers;
      drivers = driver;
    }
  }
  pthread_mutex_unlock(&drivers_lock);
  return driver;
}
