/* When failed requests are sent again. */
#include "fetch_support.h"

#include "../cassette_internal.h"

enum { COUNT = 1000, BACKOFF = 100, MOST = 10000 };

void test_retry_times(void) {
  cassette_session *session = calloc(1, sizeof *session);
  cassette_block *block = calloc(1, sizeof *block + COUNT * sizeof block->requests[0]);
  CHECK(session && block);
  session->backoff = BACKOFF;
  session->retries = 9;
  session->random = 1;
  uint64_t lower[COUNT], upper[COUNT];
  uint32_t early = 0;
  for (uint32_t i = 0; i < COUNT; i++) {
    cassette_request *request = &block->requests[i];
    request->block = block;
    request->index = i;
    request->attempts = (uint8_t)(1 + i % 9);
    uint64_t wait = (uint64_t)BACKOFF << (request->attempts - 1);
    if (wait > MOST) wait = MOST;
    lower[i] = cassette_now() + wait * 500;
    CHECK(cassette_retry_later(session, request));
    upper[i] = cassette_now() + wait * 1000;
    CHECK(request->time >= lower[i] && request->time <= upper[i]);
    early += request->time < lower[i] + wait * 250;
  }
  /* Drawn, not all alike: about half of them are in the first half of where they may be. */
  CHECK(early > COUNT / 3 && early < COUNT * 2 / 3);
  block->requests[0].attempts = 10;
  CHECK(!cassette_retry_later(session, &block->requests[0])); /* no more */
  uint64_t due = UINT64_MAX, last = 0;
  CHECK(cassette_retry_due(session, 0, &due) == NULL && due < UINT64_MAX);
  CHECK(due == session->retries_due[0]->time);
  for (uint32_t i = 0; i < COUNT; i++) {
    cassette_request *request = cassette_retry_due(session, UINT64_MAX, &due);
    CHECK(request && request->time >= last);
    last = request->time;
  }
  CHECK(cassette_retry_due(session, UINT64_MAX, &due) == NULL && session->retry_count == 0);
  CHECK(session->stats.retries == COUNT);
  free(session->retries_due);
  free(session);
  free(block);
}
