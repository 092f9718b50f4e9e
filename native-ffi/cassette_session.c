/* A session's life: options, connect, query, prepare, close. */
#include "cassette_internal.h"

#include <stdlib.h>
#include <string.h>

/* Drivers wait for seconds before they connect again; retries shall not be used up meanwhile. */
enum { RECONNECT_MS = 250 };

/* macOS cannot wait on a monotonic clock; there a change of the wall clock can delay a wake-up. */
#if defined(__APPLE__)
#define CONDITION_CLOCK CLOCK_REALTIME
#else
#define CONDITION_CLOCK CLOCK_MONOTONIC
#endif

static void condition_init(pthread_cond_t *condition) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
#if !defined(__APPLE__)
  pthread_condattr_setclock(&attributes, CONDITION_CLOCK);
#endif
  pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
}

void cassette_wait_until(pthread_cond_t *condition, pthread_mutex_t *lock, uint64_t until) {
  uint64_t now = cassette_now();
  if (until <= now) return;
  uint64_t wait = until - now;
  struct timespec time;
  clock_gettime(CONDITION_CLOCK, &time);
  time.tv_sec += (time_t)(wait / 1000000);
  time.tv_nsec += (long)(wait % 1000000) * 1000;
  if (time.tv_nsec >= 1000000000) {
    time.tv_sec++;
    time.tv_nsec -= 1000000000;
  }
  pthread_cond_timedwait(condition, lock, &time);
}

cassette_session *cassette_session_new(cassette_driver *driver) {
  cassette_session *session = calloc(1, sizeof *session);
  if (!session) return NULL;
  session->driver = driver;
  session->cluster = driver->cluster_new();
  session->session = driver->session_new();
  session->limit = 1024;
  session->retries = 4;
  session->backoff = 100;
  session->copy_threads = 2;
  session->references = 1;
  pthread_mutex_init(&session->lock, NULL);
  condition_init(&session->dispatch);
  condition_init(&session->copy);
  condition_init(&session->finished);
  return session;
}

static void set_text(cassette_session *session, const void *text, size_t size) {
  free(session->text);
  session->text = malloc(size ? size : 1);
  session->text_size = session->text ? (uint32_t)size : 0;
  if (session->text) memcpy(session->text, text, size);
}

int32_t cassette_fail(cassette_session *session, CassError code, const char *text) {
  session->operation_code = (uint32_t)code;
  set_text(session, text, strlen(text));
  return CASSETTE_ERROR;
}

static void begin(cassette_session *session, int kind, CassFuture *future) {
  if (session->operation) session->driver->future_free(session->operation);
  session->operation = future;
  session->operation_kind = kind;
  session->operation_code = 0;
}

void cassette_connect(cassette_session *session) {
  if (session->username) {
    const char *password = session->password ? session->password : "";
    session->driver->cluster_set_credentials_n(session->cluster, session->username,
                                               strlen(session->username), password,
                                               strlen(password));
  }
  cassette_forget(&session->username);
  cassette_forget(&session->password);
  cassette_forget(&session->passphrase);
  if (session->ssl) session->driver->cluster_set_ssl(session->cluster, session->ssl);
  if (session->driver->cluster_set_constant_reconnect)
    session->driver->cluster_set_constant_reconnect(session->cluster, RECONNECT_MS);
  begin(session, OPERATION_CONNECT,
        session->driver->session_connect(session->session, session->cluster));
}

void cassette_query(cassette_session *session, const char *cql, uint32_t length) {
  cassette_driver *driver = session->driver;
  CassStatement *statement = driver->statement_new_n(cql, length, 0);
  driver->statement_set_is_idempotent(statement, 1);
  begin(session, OPERATION_QUERY, driver->session_execute(session->session, statement));
  driver->statement_free(statement);
}

void cassette_prepare(cassette_session *session, const char *cql, uint32_t length) {
  begin(session, OPERATION_PREPARE,
        session->driver->session_prepare_n(session->session, cql, length));
}

void cassette_close(cassette_session *session) {
  pthread_mutex_lock(&session->lock);
  session->closing = true;
  cassette_cancel_all(session);
  session->woken = true;
  pthread_cond_broadcast(&session->finished);
  pthread_cond_signal(&session->dispatch);
  /* A driver need not answer what is sent while it closes. Nothing is sent after this. */
  while (session->sending) pthread_cond_wait(&session->finished, &session->lock);
  pthread_mutex_unlock(&session->lock);
  /* A session that is being connected cannot be closed: operation_wait does it afterwards. */
  session->close_follows = session->operation && session->operation_kind == OPERATION_CONNECT;
  if (!session->close_follows)
    begin(session, OPERATION_CLOSE, session->driver->session_close(session->session));
}

static bool append(uint8_t **text, size_t *size, size_t *capacity, const void *bytes, size_t length) {
  if (*size + length > *capacity) {
    size_t larger = (*size + length) * 2;
    uint8_t *moved = realloc(*text, larger);
    if (!moved) return false;
    *text = moved;
    *capacity = larger;
  }
  if (length > 0) memcpy(*text + *size, bytes, length);
  *size += length;
  return true;
}

static int32_t read_rows(cassette_session *session) {
  cassette_driver *driver = session->driver;
  const CassResult *result = driver->future_get_result(session->operation);
  uint32_t columns = (uint32_t)driver->result_column_count(result);
  uint32_t rows = (uint32_t)driver->result_row_count(result);
  uint8_t *text = NULL;
  size_t size = 0, capacity = 0;
  bool enough = append(&text, &size, &capacity, &columns, 4) &&
                append(&text, &size, &capacity, &rows, 4);
  CassIterator *iterator = driver->iterator_from_result(result);
  while (enough && driver->iterator_next(iterator)) {
    const CassRow *row = driver->iterator_get_row(iterator);
    for (uint32_t column = 0; enough && column < columns; column++) {
      const uint8_t *bytes = NULL;
      size_t length = 0;
      CassError code = driver->value_get_bytes(driver->row_get_column(row, column), &bytes, &length);
      uint32_t prefix = code == CASS_OK ? (uint32_t)length : UINT32_MAX;
      enough = append(&text, &size, &capacity, &prefix, 4) &&
               (code != CASS_OK || append(&text, &size, &capacity, bytes, length));
    }
  }
  driver->iterator_free(iterator);
  driver->result_free(result);
  if (!enough || size > UINT32_MAX) {
    free(text);
    return cassette_fail(session, 0, "out of memory");
  }
  free(session->text);
  session->text = text;
  session->text_size = (uint32_t)size;
  return CASSETTE_READY;
}

static int32_t start_threads(cassette_session *session) {
  const CassPrepared *prepared = session->driver->future_get_prepared(session->operation);
  if (session->threads_started) {
    session->driver->prepared_free(prepared);
    return cassette_fail(session, 0, "a statement is prepared already");
  }
  session->prepared = prepared;
  if (pthread_create(&session->dispatcher, NULL, cassette_dispatch_thread, session) != 0)
    return cassette_fail(session, 0, "cannot start a thread");
  session->threads_started = true;
  uint32_t wanted = session->copy_threads;
  session->copy_threads = 0;
  while (session->copy_threads < wanted &&
         pthread_create(&session->copiers[session->copy_threads], NULL, cassette_copy_thread,
                        session) == 0)
    session->copy_threads++;
  if (session->copy_threads == 0) return cassette_fail(session, 0, "cannot start a thread");
  pthread_mutex_lock(&session->lock);
  session->ready = true;
  pthread_mutex_unlock(&session->lock);
  return CASSETTE_READY;
}

/* After the driver's session is closed nothing is in flight: the threads end at once. */
static int32_t stop_threads(cassette_session *session) {
  pthread_mutex_lock(&session->lock);
  session->ready = false;
  session->stopping = true;
  pthread_cond_broadcast(&session->dispatch);
  pthread_mutex_unlock(&session->lock);
  if (session->threads_started) {
    pthread_join(session->dispatcher, NULL);
    pthread_mutex_lock(&session->lock);
    session->all_settled = true;
    pthread_cond_broadcast(&session->copy);
    pthread_mutex_unlock(&session->lock);
    for (uint32_t i = 0; i < session->copy_threads; i++) pthread_join(session->copiers[i], NULL);
    session->threads_started = false;
  }
  return CASSETTE_READY;
}

int32_t cassette_operation_wait(cassette_session *session, uint32_t timeout) {
  cassette_driver *driver = session->driver;
  CassFuture *future = session->operation;
  if (!future) return CASSETTE_ERROR;
  if (timeout > CASSETTE_MAX_WAIT_MS) timeout = CASSETTE_MAX_WAIT_MS;
  if (!driver->future_wait_timed(future, (uint64_t)timeout * 1000)) return CASSETTE_PENDING;
  if (session->close_follows) {
    session->close_follows = false;
    begin(session, OPERATION_CLOSE, driver->session_close(session->session));
    return CASSETTE_PENDING;
  }
  int32_t outcome = CASSETTE_READY;
  CassError code = driver->future_error_code(future);
  if (session->operation_kind == OPERATION_CLOSE) {
    outcome = stop_threads(session); /* a session that never connected cannot be closed: no matter */
  } else if (code != CASS_OK) {
    const char *message;
    size_t length;
    driver->future_error_message(future, &message, &length);
    session->operation_code = (uint32_t)code;
    set_text(session, message, length);
    outcome = CASSETTE_ERROR;
  } else if (session->operation_kind == OPERATION_QUERY) {
    outcome = read_rows(session);
  } else if (session->operation_kind == OPERATION_PREPARE) {
    outcome = start_threads(session);
  }
  driver->future_free(future);
  session->operation = NULL;
  return outcome;
}

uint32_t cassette_operation_code(cassette_session *session) {
  return session->operation_code;
}

uint32_t cassette_session_text(cassette_session *session, uint8_t *out, uint32_t capacity) {
  uint32_t size = session->text_size < capacity ? session->text_size : capacity;
  if (size > 0) memcpy(out, session->text, size);
  return session->text_size;
}

static void destroy(cassette_session *session) {
  cassette_driver *driver = session->driver;
  if (session->operation) driver->future_free(session->operation);
  if (session->prepared) driver->prepared_free(session->prepared);
  driver->session_free(session->session);
  driver->cluster_free(session->cluster);
  if (session->ssl) driver->ssl_free(session->ssl);
  cassette_forget(&session->username);
  cassette_forget(&session->password);
  cassette_forget(&session->passphrase);
  free(session->text);
}

void cassette_unreference(cassette_session *session) {
  bool last = --session->references == 0;
  pthread_mutex_unlock(&session->lock);
  if (!last) return;
  cassette_arenas_free(session);
  pthread_cond_destroy(&session->dispatch);
  pthread_cond_destroy(&session->copy);
  pthread_cond_destroy(&session->finished);
  pthread_mutex_destroy(&session->lock);
  free(session);
}

static void *finish(void *data) {
  cassette_session *session = data;
  if (!session->stopping) {
    if (session->operation_kind != OPERATION_CLOSE && !session->close_follows)
      cassette_close(session);
    while (cassette_operation_wait(session, CASSETTE_MAX_WAIT_MS) == CASSETTE_PENDING) {}
  }
  destroy(session);
  pthread_mutex_lock(&session->lock);
  cassette_unreference(session);
  return NULL;
}

void cassette_session_free(cassette_session *session) {
  pthread_t closer;
  if (session->stopping || pthread_create(&closer, NULL, finish, session) != 0) finish(session);
  else pthread_detach(closer);
}
