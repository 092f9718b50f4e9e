/* Requests that wait to be sent again. */
#include "cassette_internal.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_BACKOFF_MS = 10000 };

static void swap(cassette_request **heap, uint32_t a, uint32_t b) {
  cassette_request *moved = heap[a];
  heap[a] = heap[b];
  heap[b] = moved;
}

static void sink(cassette_session *session, uint32_t at) {
  cassette_request **heap = session->retries_due;
  for (;;) {
    uint32_t least = at;
    for (uint32_t child = 2 * at + 1; child <= 2 * at + 2; child++)
      if (child < session->retry_count && heap[child]->time < heap[least]->time) least = child;
    if (least == at) return;
    swap(heap, at, least);
    at = least;
  }
}

/*
 * Microseconds before the next attempt: doubled for each further one, and drawn between half of that
 * and all of it, so that requests which failed together do not come again together (xorshift).
 */
static uint64_t backoff(cassette_session *session, uint32_t attempts) {
  uint64_t wait = (uint64_t)session->backoff << (attempts - 1);
  if (wait > MAX_BACKOFF_MS) wait = MAX_BACKOFF_MS;
  session->random ^= session->random << 13;
  session->random ^= session->random >> 7;
  session->random ^= session->random << 17;
  return wait * 500 + session->random % (wait * 500 + 1);
}

bool cassette_retry_later(cassette_session *session, cassette_request *request) {
  if (cassette_forgotten(request) || request->attempts > session->retries) return false;
  if (session->retry_count == session->retry_capacity) {
    uint32_t larger = session->retry_capacity * 2 + 64;
    cassette_request **moved = realloc(session->retries_due, larger * sizeof *moved);
    if (!moved) return false;
    session->retries_due = moved;
    session->retry_capacity = larger;
  }
  cassette_request **heap = session->retries_due;
  request->time = cassette_now() + backoff(session, request->attempts);
  uint32_t at = session->retry_count++;
  heap[at] = request;
  for (; at > 0 && heap[(at - 1) / 2]->time > heap[at]->time; at = (at - 1) / 2)
    swap(heap, at, (at - 1) / 2);
  return true;
}

/* Takes those out that are forgotten, or that failed by this code if it is not CASS_OK. */
static void sweep(cassette_session *session, CassError code, const char *message) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < session->retry_count; i++) {
    cassette_request *request = session->retries_due[i];
    bool refused = code != CASS_OK && request->code == CASS_LIB_NO_HOSTS_AVAILABLE;
    if (!refused && !cassette_forgotten(request)) {
      session->retries_due[kept++] = request;
      continue;
    }
    if (refused) {
      cassette_say(request, CASSETTE_FAILED, "%s", message);
      request->code = code;
    }
    cassette_settle(request); /* it has no result: the lock is kept */
  }
  session->retry_count = kept;
  for (uint32_t i = kept / 2; i > 0; i--) sink(session, i - 1);
}

void cassette_retries_settle(cassette_session *session, CassError code, const char *message) {
  sweep(session, code, message);
}

cassette_request *cassette_retry_due(cassette_session *session, uint64_t now, uint64_t *due) {
  if (session->retries_dropped) {
    session->retries_dropped = false;
    sweep(session, CASS_OK, NULL);
  }
  if (session->retry_count == 0) return NULL;
  cassette_request *request = session->retries_due[0];
  if (request->time > now) {
    *due = request->time;
    return NULL;
  }
  session->retries_due[0] = session->retries_due[--session->retry_count];
  sink(session, 0);
  session->stats.retries++;
  return request;
}
