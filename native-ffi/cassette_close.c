/* The end of a session, however much of an answer its driver still gives. */
#include "cassette_internal.h"

#include <stdlib.h>

void cassette_begin_close(cassette_session *session) {
  pthread_mutex_lock(&session->lock);
  session->closing = true;
  cassette_cancel_all(session);
  session->woken = true;
  pthread_cond_broadcast(&session->finished);
  pthread_cond_signal(&session->dispatch);
  pthread_mutex_unlock(&session->lock);
  if (session->close_state == CLOSE_NONE) session->close_state = CLOSE_ASKED;
}

/* Waits until `flag` has this value, or until the time has come; whether it has. */
static bool await(cassette_session *session, const bool *flag, bool value, uint64_t until) {
  pthread_mutex_lock(&session->lock);
  while (*flag != value && cassette_now() < until)
    cassette_wait_until(&session->finished, &session->lock, until);
  bool reached = *flag == value;
  pthread_mutex_unlock(&session->lock);
  return reached;
}

/* The driver's session is closed: nothing is in flight, and the threads end at once. */
static bool stop_threads(cassette_session *session, uint64_t until) {
  pthread_mutex_lock(&session->lock);
  session->ready = false;
  session->stopping = true;
  pthread_cond_broadcast(&session->dispatch);
  pthread_mutex_unlock(&session->lock);
  if (!session->threads_started) return true;
  if (!await(session, &session->dispatcher_ended, true, until)) return false;
  pthread_join(session->dispatcher, NULL);
  pthread_mutex_lock(&session->lock);
  session->all_settled = true;
  pthread_cond_broadcast(&session->copy);
  pthread_mutex_unlock(&session->lock);
  for (uint32_t i = 0; i < session->copy_threads; i++) pthread_join(session->copiers[i], NULL);
  session->threads_started = false;
  return true;
}

int32_t cassette_await_close(cassette_session *session, uint32_t timeout) {
  cassette_driver *driver = session->driver;
  uint64_t until = cassette_now() + timeout * 1000ull;
  if (session->close_state == CLOSE_ASKED) {
    /* A session that is being connected cannot be closed. */
    if (session->operation && session->operation_kind == OPERATION_CONNECT &&
        !driver->future_wait_timed(session->operation, timeout * 1000ull))
      return CASSETTE_PENDING;
    /* A driver need not answer what is sent while it closes. Nothing is sent after this. */
    if (!await(session, &session->sending, false, until)) return CASSETTE_PENDING;
    cassette_begin(session, OPERATION_CLOSE, driver->session_close(session->session));
    session->close_state = CLOSE_SENT;
  }
  if (session->close_state == CLOSE_SENT) {
    /* It may fail, as for a session that never connected: that is closed too. */
    if (session->operation && !driver->future_wait_timed(session->operation, timeout * 1000ull))
      return CASSETTE_PENDING;
    session->close_state = CLOSE_ANSWERED;
  }
  if (session->close_state == CLOSE_ANSWERED) {
    if (!stop_threads(session, until)) return CASSETTE_PENDING;
    session->close_state = CLOSE_DONE;
  }
  return CASSETTE_READY;
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
  free(session->cql);
  free(session->retries_due);
  free(session->refusal.message);
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

/* Those that are left to their driver; whoever looks for leaks finds them here. */
static pthread_mutex_t left_lock = PTHREAD_MUTEX_INITIALIZER;
static cassette_session *left;

/*
 * A driver that does not close may write to what it was given at any time: that is left to it, and
 * the threads end. With threads that are detached nobody waits for one that the driver holds.
 */
static void give_up(cassette_session *session) {
  pthread_mutex_lock(&left_lock);
  session->other = left;
  left = session;
  pthread_mutex_unlock(&left_lock);
  pthread_mutex_lock(&session->lock);
  session->given_up = session->stopping = session->all_settled = true;
  pthread_cond_broadcast(&session->dispatch);
  pthread_cond_broadcast(&session->copy);
  pthread_mutex_unlock(&session->lock);
  if (!session->threads_started) return;
  pthread_detach(session->dispatcher);
  for (uint32_t i = 0; i < session->copy_threads; i++) pthread_detach(session->copiers[i]);
}

/* What the thread that ends a session has of it, and who waits for it. */
typedef struct ending {
  cassette_session *session;
  bool abandoned, ended;
  int references;
  pthread_mutex_t lock;
  pthread_cond_t condition;
} ending;

static void leave(ending *end) {
  bool last = --end->references == 0;
  pthread_mutex_unlock(&end->lock);
  if (!last) return;
  pthread_mutex_destroy(&end->lock);
  pthread_cond_destroy(&end->condition);
  free(end);
}

static void finish(cassette_session *session, bool abandoned) {
  cassette_await_calls(session);
  if (abandoned) cassette_release_held(session);
  if (session->close_state == CLOSE_NONE) cassette_begin_close(session);
  uint64_t until = cassette_now() + session->close_limit * 1000;
  int32_t outcome;
  do outcome = cassette_await_close(session, CASSETTE_MAX_WAIT_MS);
  while (outcome == CASSETTE_PENDING && cassette_now() < until);
  if (outcome == CASSETTE_PENDING) {
    give_up(session);
    return;
  }
  destroy(session);
  pthread_mutex_lock(&session->lock);
  cassette_unreference(session);
}

static void *finish_thread(void *data) {
  ending *end = data;
  finish(end->session, end->abandoned);
  pthread_mutex_lock(&end->lock);
  end->ended = true;
  pthread_cond_broadcast(&end->condition);
  leave(end);
  return NULL;
}

void cassette_end_session(cassette_session *session, bool abandoned) {
  ending *end = calloc(1, sizeof *end);
  pthread_t thread;
  if (end) {
    *end = (ending){.session = session, .abandoned = abandoned, .references = 2};
    pthread_mutex_init(&end->lock, NULL);
    cassette_condition_init(&end->condition);
  }
  if (!end || pthread_create(&thread, NULL, finish_thread, end) != 0) {
    finish(session, abandoned);
    free(end);
    return;
  }
  pthread_detach(thread);
  uint64_t until = cassette_now() + (abandoned ? 0 : CASSETTE_FREE_WAIT_MS * 1000ull);
  pthread_mutex_lock(&end->lock);
  while (!end->ended && cassette_now() < until)
    cassette_wait_until(&end->condition, &end->lock, until);
  leave(end);
}
