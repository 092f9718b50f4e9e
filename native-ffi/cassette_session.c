/* A session's operations: connect, query, prepare. */
#include "cassette_internal.h"

#include <stdlib.h>
#include <string.h>

/* Drivers wait for seconds before they connect again; retries shall not be used up meanwhile. */
enum { RECONNECT_MS = 250 };

enum { ANSWER_LIMIT_MS = 60000, CLOSE_LIMIT_MS = 60000 };

/* macOS cannot wait on a monotonic clock; there a change of the wall clock can delay a wake-up. */
#if defined(__APPLE__)
#define CONDITION_CLOCK CLOCK_REALTIME
#else
#define CONDITION_CLOCK CLOCK_MONOTONIC
#endif

void cassette_condition_init(pthread_cond_t *condition) {
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

cassette_session_id cassette_session_new(cassette_driver *driver) {
  cassette_session *session = calloc(1, sizeof *session);
  if (!session) return 0;
  session->driver = driver;
  session->cluster = driver->cluster_new();
  session->session = driver->session_new();
  if (!session->cluster || !session->session) {
    if (session->cluster) driver->cluster_free(session->cluster);
    if (session->session) driver->session_free(session->session);
    free(session);
    return 0;
  }
  session->limit = 1024;
  session->retries = 4;
  session->backoff = 100;
  session->copy_threads = 2;
  session->max_blob_bytes = INT32_MAX;
  session->answer_limit = ANSWER_LIMIT_MS * 1000ull;
  session->close_limit = CLOSE_LIMIT_MS;
  session->random = cassette_now() ^ (uintptr_t)session ^ 0x9e3779b97f4a7c15;
  session->references = 1;
  pthread_mutex_init(&session->lock, NULL);
  cassette_condition_init(&session->dispatch);
  cassette_condition_init(&session->copy);
  cassette_condition_init(&session->finished);
  return cassette_register(session);
}

void cassette_take_text(cassette_session *session, uint8_t *text, uint32_t size) {
  free(session->text);
  session->text = text;
  session->text_size = text ? size : 0;
}

int32_t cassette_fail(cassette_session *session, CassError code, const char *text) {
  session->operation_code = (uint32_t)code;
  char *copy = strdup(text ? text : "for no known reason");
  cassette_take_text(session, (uint8_t *)copy, copy ? (uint32_t)strlen(copy) : 0);
  return CASSETTE_ERROR;
}

void cassette_begin(cassette_session *session, int kind, CassFuture *future) {
  if (session->operation) session->driver->future_free(session->operation);
  session->operation = future;
  session->operation_kind = kind;
  session->operation_code = 0;
  if (!future) cassette_fail(session, 0, "the driver does not take the operation");
}

void cassette_begin_connect(cassette_session *session) {
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
  cassette_begin(session, OPERATION_CONNECT,
                 session->driver->session_connect(session->session, session->cluster));
}

void cassette_begin_query(cassette_session *session, const char *cql, uint32_t length) {
  cassette_driver *driver = session->driver;
  CassStatement *statement = driver->statement_new_n(cql, length, 0);
  if (statement) driver->statement_set_is_idempotent(statement, 1);
  cassette_begin(session, OPERATION_QUERY,
                 statement ? driver->session_execute(session->session, statement) : NULL);
  if (statement) driver->statement_free(statement);
}

void cassette_begin_prepare(cassette_session *session, const char *cql, uint32_t length) {
  char *kept = session->threads_started ? NULL : strndup(cql, length);
  if (kept) {
    free(session->cql);
    session->cql = kept;
    session->cql_length = strlen(kept);
  }
  cassette_begin(session, OPERATION_PREPARE,
                 session->driver->session_prepare_n(session->session, cql, length));
}

static int32_t start_threads(cassette_session *session) {
  const CassPrepared *prepared = session->driver->future_get_prepared(session->operation);
  if (!prepared) return cassette_fail(session, 0, "the driver gave no prepared statement");
  if (session->threads_started || !session->cql) {
    session->driver->prepared_free(prepared);
    return cassette_fail(session, 0, session->cql ? "a statement is prepared already" : "out of memory");
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

int32_t cassette_await_operation(cassette_session *session, uint32_t timeout) {
  cassette_driver *driver = session->driver;
  CassFuture *future = session->operation;
  if (!future) return CASSETTE_ERROR;
  if (!driver->future_wait_timed(future, (uint64_t)timeout * 1000)) return CASSETTE_PENDING;
  int32_t outcome = CASSETTE_READY;
  CassError code = driver->future_error_code(future);
  if (code != CASS_OK) {
    char *message = cassette_message_of(driver, future, UINT16_MAX); /* as the protocol has it */
    outcome = cassette_fail(session, code, message);
    free(message);
  } else if (session->operation_kind == OPERATION_QUERY) {
    outcome = cassette_read_rows(session);
  } else if (session->operation_kind == OPERATION_PREPARE) {
    outcome = start_threads(session);
  }
  driver->future_free(future);
  session->operation = NULL;
  return outcome;
}
