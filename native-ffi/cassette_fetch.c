/* Sends requests, a bounded number at a time, and takes the driver's answers. */
#include "cassette_internal.h"

#include <stdlib.h>
#include <string.h>

/*
 * Requests sent between two looks at the queues, and the part of those in flight that must have been
 * answered before a dispatcher that waits for them is woken: waking it costs as much as an answer.
 */
enum { SEND_AT_ONCE = 64, WAKE_PART = 8 };

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

/* With the lock. */
static void append(cassette_session *session, cassette_request *request) {
  request->newer = NULL;
  request->older = session->newest;
  if (session->newest) session->newest->newer = request;
  else session->oldest = request;
  session->newest = request;
}

/* With the lock. */
static void take_out(cassette_session *session, cassette_request *request) {
  if (request->older) request->older->newer = request->newer;
  else session->oldest = request->newer;
  if (request->newer) request->newer->older = request->older;
  else session->newest = request->older;
  request->older = request->newer = NULL;
}

/*
 * With the lock: a driver tells when an answer has not come in time. What a driver does not even tell
 * of is lost: another request takes its place, as it may still be written to. Returns when to look
 * again.
 */
static uint64_t lose_overdue(cassette_session *session, uint64_t now) {
  cassette_request *request;
  while ((request = session->oldest) && now - request->time >= session->answer_limit) {
    cassette_request *instead = calloc(1, sizeof *instead);
    if (!instead) return now + 1000000;
    take_out(session, request);
    request->lost = true;
    session->lost++;
    session->in_flight--;
    instead->block = request->block;
    instead->index = request->index;
    instead->attempts = request->attempts;
    instead->alone = true;
    instead->code = CASS_LIB_REQUEST_TIMED_OUT;
    request->block->left++;
    cassette_say(instead, CASSETTE_TIMEOUT, "the driver gave no answer");
    cassette_settle(instead);
  }
  return request ? request->time + session->answer_limit : UINT64_MAX;
}

/* The driver's callback. It runs on a thread of the driver, or within future_set_callback. */
static void on_answer(CassFuture *future, void *data) {
  cassette_request *request = data;
  cassette_session *session = request->block->session;
  free(request->message);
  request->message = NULL;
  request->code = session->driver->future_error_code(future);
  if (request->code == CASS_OK) cassette_read_answer(session, request, future);
  else cassette_read_failure(session->driver, request, future);
  uint64_t latency = cassette_now() - request->time;
  pthread_mutex_lock(&session->lock);
  if (request->lost) {
    session->lost--;
    cassette_request_done(request);
    cassette_wake_dispatcher(session);
    pthread_mutex_unlock(&session->lock);
    return;
  }
  take_out(session, request);
  session->stats.latency[latency_bucket(latency)]++;
  bool again = !cassette_refused(session, request) &&
               worth_a_retry(request->code, request->attempts) &&
               cassette_retry_later(session, request);
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

/* The driver takes a request not at all. */
static void not_sent(cassette_session *session, cassette_request *request, CassError code) {
  const char *reason = code == CASS_OK ? NULL : session->driver->error_desc(code);
  cassette_say(request, code == CASS_OK ? CASSETTE_FAILED : CASSETTE_WRONG_TYPE,
               "the driver does not take the request (%s)", reason ? reason : "for no known reason");
  request->code = code;
  pthread_mutex_lock(&session->lock);
  take_out(session, request);
  session->in_flight--;
  cassette_settle(request); /* it has no result */
  pthread_mutex_unlock(&session->lock);
}

/* Without the lock, as the driver may call on_answer at once. */
static void send(cassette_session *session, cassette_request *request) {
  cassette_driver *driver = session->driver;
  CassStatement *statement = driver->prepared_bind(session->prepared);
  if (!statement) {
    not_sent(session, request, CASS_OK);
    return;
  }
  CassError code = driver->statement_bind_uuid(statement, 0, cassette_uuid(request->id));
  if (code != CASS_OK) {
    driver->statement_free(statement);
    not_sent(session, request, code);
    return;
  }
  driver->statement_set_is_idempotent(statement, 1);
  CassFuture *future = driver->session_execute(session->session, statement);
  driver->statement_free(statement);
  bool comes = future && driver->future_set_callback(future, on_answer, request) == CASS_OK;
  if (future) driver->future_free(future);
  if (!comes) not_sent(session, request, CASS_OK);
}

/* With the lock: the next request to send, or NULL. `due` becomes the time of the next retry. */
static cassette_request *take(cassette_session *session, uint64_t now, uint64_t *due) {
  cassette_request *request = cassette_retry_due(session, now, due);
  if (request) return request;
  cassette_block *block = session->to_send.first;
  if (!block) return NULL;
  request = &block->requests[block->sent++];
  session->stats.waiting--;
  if (block->sent == block->count) {
    session->to_send.first = block->next;
    if (!block->next) session->to_send.last = NULL;
  }
  return request;
}

/* With the lock, which is let go of while the driver is called. */
static void send_all(cassette_session *session, cassette_request *const *requests, uint32_t count) {
  bool ask = session->refusal.wanted && !session->refusal.under_way && !session->closing;
  session->refusal.wanted = false;
  if (count == 0 && !ask) return;
  if (ask) {
    session->refusal.under_way = true;
    session->in_flight++;
  }
  session->sending = true;
  pthread_mutex_unlock(&session->lock);
  for (uint32_t i = 0; i < count; i++) send(session, requests[i]);
  if (ask) cassette_refusal_ask(session);
  pthread_mutex_lock(&session->lock);
  session->sending = false;
  if (session->closing) pthread_cond_broadcast(&session->finished);
}

void *cassette_dispatch_thread(void *data) {
  cassette_session *session = data;
  cassette_request *requests[SEND_AT_ONCE];
  pthread_mutex_lock(&session->lock);
  for (;;) {
    uint64_t now = cassette_now(), due = UINT64_MAX;
    uint64_t overdue = lose_overdue(session, now);
    uint32_t count = 0;
    while (count < SEND_AT_ONCE && session->in_flight < session->limit) {
      cassette_request *request = take(session, now, &due);
      if (!request) break;
      requests[count++] = request;
      request->attempts++;
      request->time = now; /* near enough for all of them: asking the clock costs more than this does */
      session->in_flight++;
      append(session, request);
    }
    if (count > 0 || session->refusal.wanted) {
      send_all(session, requests, count);
      continue;
    }
    bool settled = session->in_flight == 0 && session->retry_count == 0 && session->lost == 0;
    if (session->given_up || (session->stopping && settled)) break;
    if (overdue < due) due = overdue;
    session->dispatcher_waits = true;
    session->dispatcher_blocked = session->in_flight >= session->limit;
    if (due == UINT64_MAX) pthread_cond_wait(&session->dispatch, &session->lock);
    else cassette_wait_until(&session->dispatch, &session->lock, due);
    session->dispatcher_waits = session->dispatcher_blocked = false;
  }
  session->dispatcher_ended = true;
  pthread_cond_broadcast(&session->finished);
  pthread_mutex_unlock(&session->lock);
  return NULL;
}

void cassette_count(cassette_session *session, cassette_stats_data *out) {
  pthread_mutex_lock(&session->lock);
  *out = session->stats;
  out->in_flight = session->in_flight;
  pthread_mutex_unlock(&session->lock);
}
