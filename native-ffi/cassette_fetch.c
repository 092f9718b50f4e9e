/* Sends requests, a bounded number at a time, and takes the driver's answers. */
#include "cassette_internal.h"

#include <stdlib.h>
#include <string.h>

/*
 * Requests sent between two looks at the queues, and the part of those in flight that must have been
 * answered before a dispatcher that waits for them is woken: waking it costs as much as an answer.
 */
enum { SEND_AT_ONCE = 64, WAKE_PART = 8, MAX_MESSAGE = 1000, MAX_BACKOFF_MS = 10000 };

static uint64_t big_endian(const uint8_t *bytes, int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; i++) value = value << 8 | bytes[i];
  return value;
}

static CassUuid uuid(const uint8_t *id) {
  return (CassUuid){
      .time_and_version = big_endian(id + 6, 2) << 48 | big_endian(id + 4, 2) << 32 |
                          big_endian(id, 4),
      .clock_seq_and_node = big_endian(id + 8, 8),
  };
}

/* A server that fails in a way of its own mostly fails again. */
enum { SERVER_ERROR_ATTEMPTS = 3 };

static bool worth_a_retry(CassError code, uint32_t attempts) {
  switch (code) {
  case CASS_SERVER_ERROR:
    return attempts < SERVER_ERROR_ATTEMPTS;
  case CASS_LIB_NO_STREAMS:
  case CASS_LIB_REQUEST_QUEUE_FULL:
  case CASS_LIB_WRITE_ERROR:
  case CASS_LIB_NO_HOSTS_AVAILABLE:
  case CASS_LIB_REQUEST_TIMED_OUT:
  case CASS_LIB_UNABLE_TO_CONNECT:
  case CASS_SERVER_UNAVAILABLE:
  case CASS_SERVER_OVERLOADED:
  case CASS_SERVER_IS_BOOTSTRAPPING:
  case CASS_SERVER_READ_TIMEOUT:
  case CASS_SERVER_READ_FAILURE:
    return true;
  default:
    return false;
  }
}

/* Milliseconds before an attempt; the same for all of an attempt, so that its queue is in order. */
static uint64_t backoff(const cassette_session *session, uint32_t attempts) {
  uint64_t wait = (uint64_t)session->backoff << (attempts - 1);
  return wait < MAX_BACKOFF_MS ? wait : MAX_BACKOFF_MS;
}

static uint32_t latency_bucket(uint64_t microseconds) {
  if (microseconds < 1) microseconds = 1;
  uint32_t power = 63u - (uint32_t)__builtin_clzll(microseconds);
  uint32_t quarter = power >= 2 ? (uint32_t)(microseconds >> (power - 2)) & 3
                                : (uint32_t)(microseconds << (2 - power)) & 3;
  uint32_t bucket = power * 4 + quarter;
  return bucket < CASSETTE_LATENCY_BUCKETS ? bucket : CASSETTE_LATENCY_BUCKETS - 1;
}

void cassette_wake_dispatcher(cassette_session *session) {
  if (session->dispatcher_waits) pthread_cond_signal(&session->dispatch);
}

/* Without the lock: reads the answer into the request. */
static void read_answer(cassette_session *session, cassette_request *request, CassFuture *future) {
  cassette_driver *driver = session->driver;
  const CassResult *result = driver->future_get_result(future);
  const CassRow *row = result ? driver->result_first_row(result) : NULL;
  if (!row) {
    request->status = CASSETTE_MISSING_ROW;
    if (result) driver->result_free(result);
    return;
  }
  const CassValue *value = driver->row_get_column(row, 0);
  size_t length = 0;
  CassError wrong = CASS_OK;
  request->status = CASSETTE_OK;
  if (driver->value_is_null(value)) request->status = CASSETTE_NULL_BLOB;
  else wrong = driver->value_get_bytes(value, &request->data, &length);
  if (request->status == CASSETTE_OK && wrong == CASS_OK && length == 0)
    request->status = CASSETTE_EMPTY_BLOB;
  request->length = (uint32_t)length;
  if (wrong == CASS_OK && session->label_type != CASSETTE_LABEL_NONE) {
    value = driver->row_get_column(row, 1);
    if (driver->value_is_null(value)) request->status |= CASSETTE_LABEL_NULL;
    else if (session->label_type == CASSETTE_LABEL_INT)
      wrong = driver->value_get_int32(value, &request->label_value);
    else {
      wrong = driver->value_get_bytes(value, &request->label, &length);
      request->label_value = (int32_t)length;
    }
  }
  if (wrong != CASS_OK) {
    request->status = CASSETTE_WRONG_TYPE;
    request->code = wrong;
  }
  if ((request->status & ~CASSETTE_LABEL_NULL) == CASSETTE_OK) {
    request->result = result;
  } else {
    request->status &= (uint8_t)~CASSETTE_LABEL_NULL;
    request->length = 0;
    driver->result_free(result);
  }
}

static void read_failure(cassette_driver *driver, cassette_request *request, CassFuture *future) {
  const char *message;
  size_t length;
  driver->future_error_message(future, &message, &length);
  if (length > MAX_MESSAGE) length = MAX_MESSAGE;
  free(request->message);
  request->message = malloc(length + 1);
  if (request->message) {
    memcpy(request->message, message, length);
    request->message[length] = 0;
  }
  request->status = request->code == CASS_LIB_REQUEST_TIMED_OUT ||
                            request->code == CASS_SERVER_READ_TIMEOUT
                        ? CASSETTE_TIMEOUT
                        : CASSETTE_FAILED;
}

/* With the lock. */
static bool try_again(cassette_session *session, cassette_request *request) {
  if (cassette_forgotten(request) || request->attempts > session->retries) return false;
  retry_queue *queue = &session->retry[request->attempts - 1];
  request->time = cassette_now() + backoff(session, request->attempts) * 1000;
  request->next = NULL;
  if (queue->last) queue->last->next = request;
  else queue->first = request;
  queue->last = request;
  return true;
}

/* The driver's callback. It runs on a thread of the driver, or within future_set_callback. */
static void on_answer(CassFuture *future, void *data) {
  cassette_request *request = data;
  cassette_session *session = request->block->session;
  request->code = session->driver->future_error_code(future);
  if (request->code == CASS_OK) read_answer(session, request, future);
  else read_failure(session->driver, request, future);
  uint64_t latency = cassette_now() - request->time;
  pthread_mutex_lock(&session->lock);
  session->stats.latency[latency_bucket(latency)]++;
  bool again =
      worth_a_retry(request->code, request->attempts) && try_again(session, request);
  cassette_batch *early = again ? NULL : cassette_settle(request);
  if (early) {
    pthread_mutex_unlock(&session->lock);
    cassette_copy_early(early, request);
    pthread_mutex_lock(&session->lock);
    cassette_copied_early(early);
  }
  session->in_flight--; /* at the end: the session lives as long as something is in flight */
  if (again || (session->stopping && session->in_flight == 0) ||
      (session->dispatcher_blocked &&
       session->limit - session->in_flight >=
           (session->limit + WAKE_PART - 1) / WAKE_PART))
    cassette_wake_dispatcher(session);
  pthread_mutex_unlock(&session->lock);
}

/* Without the lock, as the driver may call on_answer at once. */
static void send(cassette_session *session, cassette_request *request) {
  cassette_driver *driver = session->driver;
  CassStatement *statement = driver->prepared_bind(session->prepared);
  CassError code = driver->statement_bind_uuid(statement, 0, uuid(request->id));
  if (code != CASS_OK) {
    driver->statement_free(statement);
    request->status = CASSETTE_WRONG_TYPE;
    request->code = code;
    pthread_mutex_lock(&session->lock);
    session->in_flight--;
    cassette_settle(request);
    pthread_mutex_unlock(&session->lock);
    return;
  }
  driver->statement_set_is_idempotent(statement, 1);
  CassFuture *future = driver->session_execute(session->session, statement);
  driver->statement_free(statement);
  driver->future_set_callback(future, on_answer, request);
  driver->future_free(future);
}

/* With the lock: the next request to send, or NULL. `due` becomes the time of the next retry. */
static cassette_request *take(cassette_session *session, uint64_t now, uint64_t *due) {
  for (uint32_t i = 0; i < session->retries; i++) {
    retry_queue *queue = &session->retry[i];
    cassette_request *request;
    while ((request = queue->first)) {
      bool forgotten = cassette_forgotten(request);
      if (!forgotten && request->time > now) {
        if (request->time < *due) *due = request->time;
        break;
      }
      queue->first = request->next;
      if (!queue->first) queue->last = NULL;
      if (!forgotten) {
        session->stats.retries++;
        return request;
      }
      cassette_settle(request);
    }
  }
  cassette_block *block = session->to_send.first;
  if (!block) return NULL;
  cassette_request *request = &block->requests[block->sent++];
  session->stats.waiting--;
  if (block->sent == block->count) {
    session->to_send.first = block->next;
    if (!block->next) session->to_send.last = NULL;
  }
  return request;
}

static bool retries_wait(const cassette_session *session) {
  for (uint32_t i = 0; i < session->retries; i++)
    if (session->retry[i].first) return true;
  return false;
}

void *cassette_dispatch_thread(void *data) {
  cassette_session *session = data;
  cassette_request *requests[SEND_AT_ONCE];
  pthread_mutex_lock(&session->lock);
  for (;;) {
    uint64_t now = cassette_now(), due = UINT64_MAX;
    uint32_t count = 0;
    while (count < SEND_AT_ONCE && session->in_flight < session->limit) {
      cassette_request *request = take(session, now, &due);
      if (!request) break;
      requests[count++] = request;
      request->attempts++;
      request->time = now; /* near enough for all of them: asking the clock costs more than this does */
      session->in_flight++;
    }
    if (count > 0) {
      session->sending = true;
      pthread_mutex_unlock(&session->lock);
      for (uint32_t i = 0; i < count; i++) send(session, requests[i]);
      pthread_mutex_lock(&session->lock);
      session->sending = false;
      if (session->closing) pthread_cond_broadcast(&session->finished);
      continue;
    }
    if (session->stopping && session->in_flight == 0 && !retries_wait(session)) break;
    session->dispatcher_waits = true;
    session->dispatcher_blocked = session->in_flight >= session->limit;
    if (due == UINT64_MAX) pthread_cond_wait(&session->dispatch, &session->lock);
    else cassette_wait_until(&session->dispatch, &session->lock, due);
    session->dispatcher_waits = session->dispatcher_blocked = false;
  }
  pthread_mutex_unlock(&session->lock);
  return NULL;
}

void cassette_stats(cassette_session *session, cassette_stats_data *out) {
  pthread_mutex_lock(&session->lock);
  *out = session->stats;
  out->in_flight = session->in_flight;
  pthread_mutex_unlock(&session->lock);
}
