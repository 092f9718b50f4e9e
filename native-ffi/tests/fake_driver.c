/*
 * A driver without a database: the functions that cassette_driver.h names, with answers that the
 * request itself scripts. An id is read as
 *   byte 0      what comes, one of enum fake_answer
 *   byte 1      milliseconds until it comes; 255 means when the session is closed
 *   byte 2      1: the answer is there before the callback is set
 *   byte 3      how many attempts fail before it comes
 *   bytes 4-7   length of the blob, least significant byte first
 *   bytes 8-11  label
 *   bytes 12-15 number of the sample, below FAKE_SAMPLES, for counting attempts
 * Each byte of a blob is the low byte of its place plus the label.
 */
#include "../cassette_driver.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
enum { FAKE_SAMPLES = 1 << 16, FAKE_THREADS = 2 };

enum fake_answer {
  FAKE_BLOB,
  FAKE_NO_ROW,
  FAKE_NULL,
  FAKE_EMPTY,
  FAKE_TIMEOUT,
  FAKE_OVERLOADED,
  FAKE_INVALID,
  FAKE_WRONG_TYPE,
  FAKE_LABEL_NULL
};

struct CassValue {
  bool null, wrong_type;
  uint8_t *bytes;
  size_t size;
  int32_t number;
};

struct CassRow {
  CassValue values[3];
};

struct CassResult {
  size_t rows, columns;
  CassRow *row;
};

struct CassIterator {
  const CassResult *result;
  size_t next;
};

struct CassFuture {
  pthread_mutex_t lock;
  pthread_cond_t set;
  int references;
  bool ready;
  CassError code;
  const char *message;
  CassResult *result;
  CassFutureCallback callback;
  void *data;
  CassFuture *next;
  uint64_t due;
};

struct CassCluster {
  char contact[64], user[64];
};

struct CassPrepared {
  int unused;
};

struct CassStatement {
  uint8_t id[16];
  char cql[512];
};

struct CassSession {
  pthread_mutex_t lock;
  pthread_cond_t work;
  pthread_t threads[FAKE_THREADS];
  CassFuture *queue, *held; /* held: until close */
  CassFuture *closed;
  int pending;
  bool started, closing, ended;
};

static _Atomic uint32_t attempts[FAKE_SAMPLES];
static struct CassPrepared the_prepared;

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

static void result_delete(CassResult *result) {
  if (!result) return;
  for (size_t i = 0; i < result->rows || i < 1; i++)
    for (size_t k = 0; k < 3; k++) free(result->row[i].values[k].bytes);
  free(result->row);
  free(result);
}

EXPORT void cass_future_free(CassFuture *future) {
  pthread_mutex_lock(&future->lock);
  bool last = --future->references == 0;
  pthread_mutex_unlock(&future->lock);
  if (!last) return;
  result_delete(future->result);
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
  *message = future->message ? future->message : "";
  *length = strlen(*message);
}

EXPORT const CassResult *cass_future_get_result(CassFuture *future) {
  CassResult *result = future->result;
  future->result = NULL;
  return result;
}

EXPORT const CassPrepared *cass_future_get_prepared(CassFuture *future) {
  (void)future;
  return &the_prepared;
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

EXPORT CassCluster *cass_cluster_new(void) {
  return calloc(1, sizeof(CassCluster));
}

EXPORT void cass_cluster_free(CassCluster *cluster) {
  free(cluster);
}

static void keep(char *to, const char *from, size_t length) {
  if (length > 63) length = 63;
  memcpy(to, from, length);
  to[length] = 0;
}

EXPORT CassError cass_cluster_set_contact_points_n(CassCluster *cluster, const char *points,
                                                   size_t length) {
  keep(cluster->contact, points, length);
  return CASS_OK;
}

EXPORT void cass_cluster_set_credentials_n(CassCluster *cluster, const char *user, size_t length,
                                           const char *password, size_t password_length) {
  (void)password;
  (void)password_length;
  keep(cluster->user, user, length);
}

#define IGNORE(name, result, type, value)                                                          \
  EXPORT result cass_cluster_##name(CassCluster *cluster, type number) {                           \
    (void)cluster;                                                                                 \
    (void)number;                                                                                  \
    return value;                                                                                  \
  }
IGNORE(set_port, CassError, int, CASS_OK)
IGNORE(set_consistency, CassError, int, CASS_OK)
IGNORE(set_queue_size_io, CassError, unsigned, CASS_OK)
IGNORE(set_core_connections_per_host, CassError, unsigned, CASS_OK)
IGNORE(set_request_timeout, void, unsigned, )
IGNORE(set_connect_timeout, void, unsigned, )

EXPORT CassError cass_cluster_set_num_threads_io(CassCluster *cluster, unsigned threads) {
  (void)cluster;
  return threads == 0 ? 1 << 24 | 1 : CASS_OK;
}

EXPORT CassError cass_cluster_set_load_balance_dc_aware_n(CassCluster *cluster, const char *dc,
                                                          size_t length, unsigned hosts,
                                                          cass_bool allow) {
  (void)cluster;
  (void)dc;
  (void)length;
  (void)hosts;
  (void)allow;
  return CASS_OK;
}

EXPORT CassError cass_cluster_set_constant_speculative_execution_policy(CassCluster *cluster,
                                                                        int64_t delay, int most) {
  (void)cluster;
  (void)delay;
  (void)most;
  return CASS_OK;
}

EXPORT void cass_cluster_set_ssl(CassCluster *cluster, CassSsl *ssl) {
  (void)cluster;
  (void)ssl;
}

EXPORT CassSsl *cass_ssl_new(void) {
  return malloc(1);
}

EXPORT void cass_ssl_free(CassSsl *ssl) {
  free(ssl);
}

EXPORT CassError cass_ssl_add_trusted_cert_n(CassSsl *ssl, const char *text, size_t length) {
  (void)ssl;
  return length > 5 && memcmp(text, "-----", 5) == 0 ? CASS_OK : 3 << 24 | 1;
}

EXPORT CassError cass_ssl_set_cert_n(CassSsl *ssl, const char *text, size_t length) {
  return cass_ssl_add_trusted_cert_n(ssl, text, length);
}

EXPORT CassError cass_ssl_set_private_key_n(CassSsl *ssl, const char *text, size_t length,
                                            const char *password, size_t password_length) {
  (void)ssl;
  (void)text;
  (void)length;
  return password_length == 6 && memcmp(password, "secret", 6) == 0 ? CASS_OK : 3 << 24 | 2;
}

EXPORT void cass_ssl_set_verify_flags(CassSsl *ssl, int flags) {
  (void)ssl;
  (void)flags;
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
  (void)cql;
  (void)length;
  CassFuture *future = future_new(2);
  enqueue(session, future, 1);
  return future;
}

static void set_text(CassValue *value, const char *text) {
  value->size = strlen(text);
  value->bytes = malloc(value->size + 1);
  memcpy(value->bytes, text, value->size + 1);
}

/* Of all tables there is fake.data: patch_id uuid, data blob, label int, mask blob. */
static CassResult *schema(const char *cql) {
  static const char *columns[][3] = {{"data", "regular", "blob"},
                                     {"label", "regular", "int"},
                                     {"mask", "regular", "blob"},
                                     {"patch_id", "partition_key", "uuid"}};
  CassResult *result = calloc(1, sizeof *result);
  bool about_columns = strstr(cql, "system_schema.columns") != NULL;
  bool known = strstr(cql, "keyspace_name = 'fake'") && strstr(cql, "table_name = 'data'");
  result->columns = about_columns ? 3 : 1;
  result->rows = !strstr(cql, "system_schema") || (about_columns && !known) ? 0
                 : about_columns                                            ? 4
                                                                            : 1;
  result->row = calloc(result->rows + 1, sizeof *result->row);
  for (size_t i = 0; i < result->rows; i++)
    for (size_t k = 0; k < result->columns; k++)
      set_text(&result->row[i].values[k],
               about_columns ? columns[i][k] : strstr(cql, "tables") ? "data" : "fake");
  return result;
}

static CassResult *answer(const uint8_t *id) {
  CassResult *result = calloc(1, sizeof *result);
  uint32_t length;
  int32_t label;
  memcpy(&length, id + 4, 4);
  memcpy(&label, id + 8, 4);
  result->columns = 2;
  result->rows = id[0] == FAKE_NO_ROW ? 0 : 1;
  result->row = calloc(1, sizeof *result->row);
  CassValue *data = &result->row->values[0], *number = &result->row->values[1];
  data->null = id[0] == FAKE_NULL;
  data->wrong_type = id[0] == FAKE_WRONG_TYPE;
  data->size = id[0] == FAKE_EMPTY ? 0 : length;
  data->bytes = malloc(data->size + 1);
  for (size_t i = 0; i < data->size; i++) data->bytes[i] = (uint8_t)(i + (size_t)label);
  number->null = id[0] == FAKE_LABEL_NULL;
  number->number = label;
  number->size = (uint32_t)label % 5;
  number->bytes = malloc(4);
  memset(number->bytes, label & 0xff, 4);
  return result;
}

EXPORT CassFuture *cass_session_execute(CassSession *session, const CassStatement *statement) {
  CassFuture *future = future_new(2);
  const uint8_t *id = statement->id;
  pthread_mutex_lock(&session->lock);
  if (session->closing) abort(); /* a driver need not answer what comes after close */
  pthread_mutex_unlock(&session->lock);
  if (statement->cql[0]) {
    future->result = schema(statement->cql);
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
  } else {
    future->result = answer(id);
  }
  if (id[2] == 1) resolve(future);
  else enqueue(session, future, id[1]);
  return future;
}

EXPORT CassStatement *cass_prepared_bind(const CassPrepared *prepared) {
  (void)prepared;
  return calloc(1, sizeof(CassStatement));
}

EXPORT void cass_prepared_free(const CassPrepared *prepared) {
  (void)prepared;
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

EXPORT void cass_result_free(const CassResult *result) {
  result_delete((CassResult *)result);
}

EXPORT size_t cass_result_row_count(const CassResult *result) {
  return result->rows;
}

EXPORT size_t cass_result_column_count(const CassResult *result) {
  return result->columns;
}

EXPORT const CassRow *cass_result_first_row(const CassResult *result) {
  return result->rows ? result->row : NULL;
}

EXPORT CassIterator *cass_iterator_from_result(const CassResult *result) {
  CassIterator *iterator = calloc(1, sizeof *iterator);
  iterator->result = result;
  return iterator;
}

EXPORT cass_bool cass_iterator_next(CassIterator *iterator) {
  return ++iterator->next <= iterator->result->rows;
}

EXPORT const CassRow *cass_iterator_get_row(const CassIterator *iterator) {
  return &iterator->result->row[iterator->next - 1];
}

EXPORT void cass_iterator_free(CassIterator *iterator) {
  free(iterator);
}

EXPORT const CassValue *cass_row_get_column(const CassRow *row, size_t index) {
  return &row->values[index];
}

EXPORT cass_bool cass_value_is_null(const CassValue *value) {
  return value->null;
}

EXPORT CassError cass_value_get_bytes(const CassValue *value, const uint8_t **bytes, size_t *size) {
  if (value->wrong_type) return CASS_LIB_INVALID_VALUE_TYPE;
  *bytes = value->bytes;
  *size = value->size;
  return CASS_OK;
}

EXPORT CassError cass_value_get_int32(const CassValue *value, int32_t *number) {
  *number = value->number;
  return CASS_OK;
}

EXPORT const char *cass_error_desc(CassError code) {
  return code >> 24 == 3 ? "bad certificate or key" : "bad parameters";
}

static CassLogCallback log_callback;
static void *log_data;

EXPORT void cass_log_set_callback(CassLogCallback callback, void *data) {
  log_callback = callback;
  log_data = data;
}

EXPORT void cass_log_set_level(int level) {
  if (!log_callback) return;
  CassLogMessage message = {.severity = level, .file = "", .function = ""};
  memcpy(message.message, "level changed", 14);
  log_callback(&message, log_data);
}
