/* Sessions, requests and futures of the driver without a database. */
#include "fake_driver.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FAKE_THREADS = 2 };

struct CassFuture {
  pthread_mutex_t lock;
  pthread_cond_t set;
  int references;
  bool ready;
  CassError code;
  const char *message;
  size_t message_length;
  CassResult *result;
  CassPrepared prepared;
  bool no_callback, no_prepared;
  CassFutureCallback callback;
  void *data;
  CassFuture *next;
  uint64_t due;
};

struct CassStatement {
  uint8_t id[16];
  char cql[512];
  CassPrepared prepared;
};

struct CassSession {
  pthread_mutex_t lock;
  pthread_cond_t work;
  pthread_t threads[FAKE_THREADS];
  CassFuture *queue, *held, *never; /* held: until close; never: until the session is freed */
  CassFuture *closed;
  int pending;
  bool started, closing, ended, never_closes;
};

static _Atomic uint32_t attempts[FAKE_SAMPLES];
static _Atomic bool table_gone; /* until a test says otherwise */

EXPORT void fake_table_is_back(void) {
  table_gone = false;
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static CassFuture *future_new(int references) {
  CassFuture *future = calloc(1, sizeof *future);
  pthread_mutex_init(&future->lock, NULL);
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&future->set, &attributes);
  future->references = references;
  return future;
}

EXPORT void cass_future_free(CassFuture *future) {
  pthread_mutex_lock(&future->lock);
  bool last = --future->references == 0;
  pthread_mutex_unlock(&future->lock);
  if (!last) return;
  fake_result_delete(future->result);
  pthread_mutex_destroy(&future->lock);
  pthread_cond_destroy(&future->set);
  free(future);
}

static void resolve(CassFuture *future) {
  pthread_mutex_lock(&future->lock);
  future->ready = true;
  CassFutureCallback callback = future->callback;
  pthread_cond_broadcast(&future->set);
  pthread_mutex_unlock(&future->lock);
  if (callback) callback(future, future->data);
  cass_future_free(future);
}

EXPORT CassError cass_future_set_callback(CassFuture *future, CassFutureCallback callback,
                                          void *data) {
  if (future->no_callback) return 1 << 24 | 16;
  pthread_mutex_lock(&future->lock);
  future->callback = callback;
  future->data = data;
  bool ready = future->ready;
  pthread_mutex_unlock(&future->lock);
  if (ready) callback(future, data);
  return CASS_OK;
}

EXPORT cass_bool cass_future_wait_timed(CassFuture *future, uint64_t microseconds) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += (long)(microseconds * 1000);
  until.tv_sec += until.tv_nsec / 1000000000;
  until.tv_nsec %= 1000000000;
  pthread_mutex_lock(&future->lock);
  while (!future->ready && pthread_cond_timedwait(&future->set, &future->lock, &until) == 0) {}
  bool ready = future->ready;
  pthread_mutex_unlock(&future->lock);
  return ready;
}

EXPORT CassError cass_future_error_code(CassFuture *future) {
  return future->code;
}

EXPORT void cass_future_error_message(CassFuture *future, const char **message, size_t *length) {
  *message = future->message;
  *length = future->message_length   ? future->message_length
            : future->message ? strlen(future->message)
                              : 77;
}

EXPORT const CassResult *cass_future_get_result(CassFuture *future) {
  CassResult *result = future->result;
  future->result = NULL;
  return result;
}

EXPORT const CassPrepared *cass_future_get_prepared(CassFuture *future) {
  if (future->no_prepared) return NULL;
  CassPrepared *prepared = malloc(sizeof *prepared);
  *prepared = future->prepared;
  return prepared;
}

static void *work(void *data) {
  CassSession *session = data;
  pthread_mutex_lock(&session->lock);
  for (;;) {
    CassFuture **at = &session->queue, **soonest = NULL;
    for (; *at; at = &(*at)->next)
      if (!soonest || (*at)->due < (*soonest)->due) soonest = at;
    uint64_t time = now();
    if (soonest && (*soonest)->due <= time) {
      CassFuture *future = *soonest;
      *soonest = future->next;
      pthread_mutex_unlock(&session->lock);
      resolve(future);
      pthread_mutex_lock(&session->lock);
      if (--session->pending == 0 && session->closing) pthread_cond_broadcast(&session->work);
      continue;
    }
    if (session->closing && session->pending == 0) {
      CassFuture *closed = session->closed;
      session->closed = NULL;
      session->ended = true;
      pthread_cond_broadcast(&session->work);
      pthread_mutex_unlock(&session->lock);
      if (session->never) pthread_detach(pthread_self()); /* the session will not be freed */
      if (closed) resolve(closed);
      return NULL;
    }
    if (!soonest) {
      pthread_cond_wait(&session->work, &session->lock);
    } else {
      pthread_mutex_unlock(&session->lock);
      usleep(500);
      pthread_mutex_lock(&session->lock);
    }
  }
}

static void enqueue(CassSession *session, CassFuture *future, uint64_t delay) {
  pthread_mutex_lock(&session->lock);
  session->pending++;
  if (delay == 255 && !session->closing) {
    future->next = session->held;
    session->held = future;
  } else {
    future->due = now() + delay;
    future->next = session->queue;
    session->queue = future;
  }
  pthread_cond_signal(&session->work);
  pthread_mutex_unlock(&session->lock);
}

EXPORT CassSession *cass_session_new(void) {
  CassSession *session = calloc(1, sizeof *session);
  pthread_mutex_init(&session->lock, NULL);
  pthread_cond_init(&session->work, NULL);
  return session;
}

EXPORT void cass_session_free(CassSession *session) {
  if (session->started)
    for (int i = 0; i < FAKE_THREADS; i++) pthread_join(session->threads[i], NULL);
  while (session->never) {
    CassFuture *future = session->never;
    session->never = future->next;
    cass_future_free(future);
  }
  pthread_mutex_destroy(&session->lock);
  pthread_cond_destroy(&session->work);
  free(session);
}

EXPORT CassFuture *cass_session_connect(CassSession *session, const CassCluster *cluster) {
  CassFuture *future = future_new(2);
  session->started = true;
  for (int i = 0; i < FAKE_THREADS; i++)
    pthread_create(&session->threads[i], NULL, work, session);
  uint64_t delay = 1;
  if (strcmp(cluster->contact, "no future") == 0) {
    cass_future_free(future);
    cass_future_free(future);
    return NULL;
  }
  session->never_closes = strcmp(cluster->contact, "never-closes") == 0;
  if (strcmp(cluster->contact, "silent") == 0) {
    future->next = session->never;
    session->never = future;
    return future;
  }
  if (strcmp(cluster->contact, "unreachable") == 0) {
    future->code = CASS_LIB_NO_HOSTS_AVAILABLE;
    future->message = "nobody answers";
  } else if (strcmp(cluster->user, "stranger") == 0) {
    future->code = 2 << 24 | 0x100;
    future->message = "unknown user";
  } else if (strcmp(cluster->contact, "slow") == 0) {
    delay = 150;
  }
  enqueue(session, future, delay);
  return future;
}

EXPORT CassFuture *cass_session_close(CassSession *session) {
  CassFuture *future = future_new(2);
  pthread_mutex_lock(&session->lock);
  bool started = session->started;
  session->closing = true;
  if (session->never_closes) {
    for (int i = 0; i < FAKE_THREADS; i++) pthread_detach(session->threads[i]);
    future->next = session->never;
    session->never = future;
    pthread_mutex_unlock(&session->lock);
    return future;
  }
  session->closed = future;
  while (session->held) {
    CassFuture *held = session->held;
    session->held = held->next;
    held->next = session->queue;
    session->queue = held;
  }
  pthread_cond_broadcast(&session->work);
  pthread_mutex_unlock(&session->lock);
  if (!started) {
    future->code = 1 << 24 | 23;
    resolve(future);
  }
  return future;
}

EXPORT CassFuture *cass_session_prepare_n(CassSession *session, const char *cql, size_t length) {
  char text[512] = "";
  memcpy(text, cql, length < 511 ? length : 511);
  if (strstr(text, "no future")) return NULL;
  CassFuture *future = future_new(2);
  future->no_prepared = strstr(text, "no prepared") != NULL;
  char *from = strstr(text, " FROM ");
  if (from) *from = 0;
  future->prepared.columns = 1;
  for (const char *at = text; *at; at++) future->prepared.columns += *at == ',';
  future->prepared.label = strstr(text, "intAsBlob(") ? FAKE_INT_AS_BLOB
                           : strstr(text, "mask")     ? FAKE_MASK
                                                      : FAKE_INT;
  if (strstr(text, "none") || table_gone) {
    future->code = CASS_SERVER_INVALID_QUERY;
    future->message = "table data does not exist";
  }
  enqueue(session, future, 1);
  return future;
}

EXPORT CassFuture *cass_session_execute(CassSession *session, const CassStatement *statement) {
  const uint8_t *id = statement->id;
  if (!statement->cql[0] && id[0] == FAKE_NO_FUTURE) return NULL;
  CassFuture *future = future_new(2);
  pthread_mutex_lock(&session->lock);
  if (session->closing) abort(); /* a driver need not answer what comes after close */
  pthread_mutex_unlock(&session->lock);
  if (statement->cql[0]) {
    future->result = strcmp(statement->cql, "SELECT 32") == 0 ? NULL : fake_schema(statement->cql);
    enqueue(session, future, 1);
    return future;
  }
  uint32_t number;
  memcpy(&number, id + 12, 4);
  uint32_t attempt = attempts[number % FAKE_SAMPLES]++;
  if (id[0] == FAKE_TIMEOUT || attempt < id[3]) {
    future->code = CASS_LIB_REQUEST_TIMED_OUT;
    future->message = "Request timed out";
  } else if (id[0] == FAKE_OVERLOADED) {
    future->code = CASS_SERVER_OVERLOADED;
    future->message = "too much";
  } else if (id[0] == FAKE_INVALID) {
    future->code = 2 << 24 | 0x2200;
    future->message = "unconfigured table";
  } else if (id[0] == FAKE_REFUSED) {
    table_gone = true;
    future->code = CASS_LIB_NO_HOSTS_AVAILABLE;
    future->message = "All hosts in current policy attempted and were either unavailable or failed";
  } else if (id[0] == FAKE_UNKNOWN_CODE) {
    future->code = 0x7f000001;
  } else if (id[0] == FAKE_GIANT_MESSAGE) {
    future->code = 2 << 24 | 0x2200;
    future->message = "short";
    future->message_length = (size_t)-1;
  } else if (id[0] == FAKE_NO_CALLBACK) {
    future->no_callback = true;
    cass_future_free(future);
    return future;
  } else if (id[0] == FAKE_NEVER) {
    pthread_mutex_lock(&session->lock);
    future->next = session->never;
    session->never = future;
    pthread_mutex_unlock(&session->lock);
    return future;
  } else if (id[0] != FAKE_NO_RESULT) {
    future->result = fake_answer_to(id, &statement->prepared);
  }
  if (id[2] == 1) resolve(future);
  else enqueue(session, future, id[1]);
  return future;
}

EXPORT CassStatement *cass_prepared_bind(const CassPrepared *prepared) {
  CassStatement *statement = calloc(1, sizeof *statement);
  statement->prepared = *prepared;
  return statement;
}

EXPORT void cass_prepared_free(const CassPrepared *prepared) {
  free((void *)(uintptr_t)prepared);
}

EXPORT CassStatement *cass_statement_new_n(const char *cql, size_t length, size_t parameters) {
  (void)parameters;
  CassStatement *statement = calloc(1, sizeof *statement);
  memcpy(statement->cql, cql, length < 511 ? length : 511);
  return statement;
}

EXPORT void cass_statement_free(CassStatement *statement) {
  free(statement);
}

EXPORT CassError cass_statement_bind_uuid(CassStatement *statement, size_t index, CassUuid uuid) {
  (void)index;
  uint64_t high = uuid.time_and_version << 32 | (uuid.time_and_version >> 32 & 0xffff) << 16 |
                  uuid.time_and_version >> 48;
  for (int i = 0; i < 8; i++) {
    statement->id[i] = (uint8_t)(high >> (56 - 8 * i));
    statement->id[8 + i] = (uint8_t)(uuid.clock_seq_and_node >> (56 - 8 * i));
  }
  return CASS_OK;
}

EXPORT CassError cass_statement_set_is_idempotent(CassStatement *statement, cass_bool value) {
  (void)statement;
  (void)value;
  return CASS_OK;
}
