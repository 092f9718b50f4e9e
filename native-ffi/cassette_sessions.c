/* Which sessions there are, by number; what the header declares of them. */
#include "cassette_internal.h"

#include <stdlib.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t unused = PTHREAD_COND_INITIALIZER;
static cassette_session *sessions;
static cassette_session_id last;

cassette_session_id cassette_register(cassette_session *session) {
  pthread_mutex_lock(&lock);
  session->id = ++last;
  session->other = sessions;
  sessions = session;
  pthread_mutex_unlock(&lock);
  return session->id;
}

/* The session, which lives until leave; NULL if it is none. */
static cassette_session *enter(cassette_session_id id) {
  pthread_mutex_lock(&lock);
  cassette_session *session = sessions;
  while (session && session->id != id) session = session->other;
  if (session) session->calls++;
  pthread_mutex_unlock(&lock);
  return session;
}

static void leave(cassette_session *session) {
  pthread_mutex_lock(&lock);
  if (--session->calls == 0) pthread_cond_broadcast(&unused);
  pthread_mutex_unlock(&lock);
}

/* Out of the list: nobody can enter it any more. */
static cassette_session *unregister(cassette_session_id id) {
  pthread_mutex_lock(&lock);
  cassette_session **at = &sessions;
  while (*at && (*at)->id != id) at = &(*at)->other;
  cassette_session *session = *at;
  if (session) *at = session->other;
  pthread_mutex_unlock(&lock);
  return session;
}

void cassette_await_calls(cassette_session *session) {
  pthread_mutex_lock(&lock);
  while (session->calls > 0) pthread_cond_wait(&unused, &lock);
  pthread_mutex_unlock(&lock);
}

/* With a session of this number, or nothing at all. */
#define WITH(id, none)                                                                             \
  cassette_session *session = enter(id);                                                           \
  if (!session) return none

int32_t cassette_session_set(cassette_session_id id, const char *name, const char *value,
                             uint32_t length) {
  WITH(id, CASSETTE_ERROR);
  int32_t outcome = cassette_option(session, name, value, length);
  leave(session);
  return outcome;
}

void cassette_connect(cassette_session_id id) {
  WITH(id, );
  cassette_begin_connect(session);
  leave(session);
}

void cassette_query(cassette_session_id id, const char *cql, uint32_t length) {
  WITH(id, );
  cassette_begin_query(session, cql, length);
  leave(session);
}

void cassette_prepare(cassette_session_id id, const char *cql, uint32_t length) {
  WITH(id, );
  cassette_begin_prepare(session, cql, length);
  leave(session);
}

void cassette_close(cassette_session_id id) {
  WITH(id, );
  cassette_begin_close(session);
  leave(session);
}

int32_t cassette_operation_wait(cassette_session_id id, uint32_t timeout) {
  WITH(id, CASSETTE_ERROR);
  if (timeout > CASSETTE_MAX_WAIT_MS) timeout = CASSETTE_MAX_WAIT_MS;
  int32_t outcome = session->close_state == CLOSE_NONE ? cassette_await_operation(session, timeout)
                                                       : cassette_await_close(session, timeout);
  leave(session);
  return outcome;
}

uint32_t cassette_operation_code(cassette_session_id id) {
  WITH(id, 0);
  uint32_t code = session->operation_code;
  leave(session);
  return code;
}

uint32_t cassette_session_text(cassette_session_id id, uint8_t *out, uint32_t capacity) {
  WITH(id, 0);
  uint32_t whole = session->text_size, size = whole < capacity ? whole : capacity;
  if (size > 0) memcpy(out, session->text, size);
  leave(session);
  return whole;
}

int32_t cassette_submit(cassette_session_id id, const uint8_t *ids, uint32_t count, uint64_t token,
                        uint64_t group) {
  WITH(id, CASSETTE_ERROR);
  int32_t outcome = cassette_take_ids(session, ids, count, token, group);
  leave(session);
  return outcome;
}

void cassette_cancel(cassette_session_id id, uint64_t token) {
  WITH(id, );
  cassette_cancel_token(session, token);
  leave(session);
}

uint32_t cassette_wait(cassette_session_id id, uint32_t timeout, cassette_done *out,
                       uint32_t capacity) {
  WITH(id, 0);
  uint32_t count = cassette_pick_up(session, timeout, out, capacity);
  leave(session);
  return count;
}

cassette_done *cassette_picked(cassette_session_id id) {
  WITH(id, NULL);
  cassette_done *picked = session->picked;
  leave(session);
  return picked;
}

void cassette_wake(cassette_session_id id) {
  WITH(id, );
  cassette_wake_waiter(session);
  leave(session);
}

void cassette_stats(cassette_session_id id, cassette_stats_data *out) {
  memset(out, 0, sizeof *out);
  WITH(id, );
  cassette_count(session, out);
  leave(session);
}

void cassette_session_free(cassette_session_id id) {
  cassette_session *session = unregister(id);
  if (session) cassette_end_session(session, false);
}

void cassette_session_abandon(cassette_session_id id) {
  cassette_session *session = unregister(id);
  if (!session) return;
  cassette_wake_waiter(session); /* nobody wants to know what a wait that is under way finds */
  cassette_end_session(session, true);
}
