/* Takes ids to be fetched: a block of requests and the batch that they fill; and takes them back. */
#include "cassette_internal.h"

#include <stdlib.h>
#include <string.h>

static cassette_block *block_new(const uint8_t *ids, uint32_t count, uint64_t token) {
  cassette_block *block = calloc(1, sizeof *block + count * sizeof block->requests[0]);
  if (!block) return NULL;
  for (uint32_t i = 0; i < count; i++) {
    block->requests[i].block = block;
    block->requests[i].index = i;
    memcpy(block->requests[i].id, ids + (size_t)i * CASSETTE_ID_BYTES, CASSETTE_ID_BYTES);
  }
  block->token = (uint32_t)token;
  block->count = block->left = count;
  return block;
}

static cassette_batch *batch_new(uint32_t count, uint64_t token, bool grouped) {
  cassette_batch *batch = calloc(1, sizeof *batch);
  if (!batch) return NULL;
  batch->requests = calloc(count ? count : 1, sizeof *batch->requests);
  if (grouped) batch->origins = calloc(count ? count : 1, 2 * sizeof *batch->origins);
  if (!batch->requests || (grouped && !batch->origins)) {
    free(batch->requests);
    free(batch->origins);
    free(batch);
    return NULL;
  }
  batch->count = count;
  batch->done.token = token;
  batch->done.batch = batch;
  batch->done.origins = batch->origins;
  return batch;
}

/* With the lock: joins block and batch, directly or through their group. */
static bool join(cassette_session *session, cassette_block *block, cassette_batch *batch,
                 uint64_t id) {
  block->session = batch->session = session;
  if (id == 0 || block->count == 0) {
    block->batch = batch;
    batch->block = block;
    return true;
  }
  cassette_group *group = cassette_group_of(session, id);
  if (!group) return false;
  group->blocks++;
  block->group = batch->group = group;
  if (group->last) group->last->next = batch;
  else group->first = batch;
  group->last = batch;
  return true;
}

int32_t cassette_take_ids(cassette_session *session, const uint8_t *ids, uint32_t count,
                          uint64_t token, uint64_t group) {
  cassette_block *block = block_new(ids, count, token);
  cassette_batch *batch = batch_new(count, token, group != 0);
  pthread_mutex_lock(&session->lock);
  if (!block || !batch || !session->ready || session->closing ||
      !join(session, block, batch, group)) {
    pthread_mutex_unlock(&session->lock);
    free(block);
    if (batch) {
      free(batch->requests);
      free(batch->origins);
    }
    free(batch);
    return CASSETTE_ERROR;
  }
  session->references++;
  session->stats.requested += count;
  session->stats.waiting += count;
  session->stats.batches++;
  batch->all = session->batches;
  if (batch->all) batch->all->back = batch;
  session->batches = batch;
  if (count == 0) {
    batch->block = NULL;
    free(block);
    cassette_batch_complete(batch);
  } else {
    if (session->to_send.last) session->to_send.last->next = block;
    else session->to_send.first = block;
    session->to_send.last = block;
    cassette_wake_dispatcher(session);
  }
  pthread_mutex_unlock(&session->lock);
  return CASSETTE_READY;
}

/* With the lock. */
static void cancel(cassette_session *session, cassette_batch *batch) {
  session->retries_dropped = true;
  if (batch->group) {
    cassette_group_cancel(session, batch->group);
    cassette_wake_dispatcher(session);
    return;
  }
  if (batch->state == BATCH_FETCHING) {
    /* One of a group that is whole, and still being copied into, has no block. */
    if (batch->block) {
      batch->block->cancelled = true;
      cassette_block_drop(batch->block);
      batch->block = NULL;
    }
    cassette_batch_cancel(batch);
    cassette_wake_dispatcher(session);
    return;
  }
  batch->cancelled = true;
  cassette_batch_forget(batch);
  if (batch->state == BATCH_DONE) {
    cassette_batch *before = NULL, *b = session->done.first;
    while (b != batch) {
      before = b;
      b = b->next;
    }
    if (before) before->next = b->next;
    else session->done.first = b->next;
    if (session->done.last == b) session->done.last = before;
    cassette_batch_complete(batch); /* a copy thread frees it */
  }
}

void cassette_cancel_all(cassette_session *session) {
  while (session->batches) cancel(session, session->batches);
}

void cassette_cancel_token(cassette_session *session, uint64_t token) {
  pthread_mutex_lock(&session->lock);
  cassette_batch *batch = session->batches;
  while (batch && batch->done.token != token) batch = batch->all;
  if (batch) cancel(session, batch);
  pthread_mutex_unlock(&session->lock);
}
