/* Who gets a request's outcome: its own batch, or the first of its group that is not whole. */
#include "cassette_internal.h"

#include <stdlib.h>

/* A mean tells little of fewer samples; room in the arena for what is no blob or label, per sample. */
enum { EARLY_LEAST = 16, META_BYTES = 64 };

bool cassette_forgotten(const cassette_request *request) {
  const cassette_block *block = request->block;
  return block->cancelled || (block->group && block->group->cancelled);
}

/* Out of the list, if it is in it. */
static void leave(cassette_session *session, const cassette_group *group) {
  cassette_group **at = &session->groups;
  while (*at && *at != group) at = &(*at)->next;
  if (*at) *at = group->next;
}

static void release(cassette_block *block, uint32_t requests) {
  block->left -= requests;
  if (block->left > 0) return;
  cassette_group *group = block->group;
  if (group && --group->blocks == 0) {
    leave(block->session, group);
    free(group);
  }
  free(block);
}

void cassette_request_done(cassette_request *request) {
  if (request->result) request->block->session->driver->result_free(request->result);
  free(request->message);
  request->result = NULL;
  request->message = NULL;
  cassette_block *block = request->block;
  if (request->alone) free(request);
  release(block, 1);
}

void cassette_block_drop(cassette_block *block) {
  cassette_session *session = block->session;
  uint32_t unsent = block->count - block->sent;
  if (unsent == 0) return;
  cassette_block *before = NULL;
  for (cassette_block *b = session->to_send.first; b != block; b = b->next) before = b;
  if (before) before->next = block->next;
  else session->to_send.first = block->next;
  if (session->to_send.last == block) session->to_send.last = before;
  session->stats.waiting -= unsent;
  block->sent = block->count;
  release(block, unsent);
}

static void filled(cassette_batch *batch) {
  if (++batch->filled < batch->count) return;
  batch->block = NULL;
  cassette_batch_complete(batch);
}

/*
 * Lets go of the lock; the batch stays, as somebody copies into it. When the first sample has come
 * is soon enough: with each batch under way from its start on, those far away would be as much memory
 * as no cache holds.
 */
static void take_early(cassette_batch *batch) {
  cassette_session *session = batch->session;
  batch->early_asked = true;
  uint64_t mean = cassette_mean(session);
  if (batch->count < EARLY_LEAST || mean == 0) return;
  batch->copying++;
  batch->early = cassette_arena_take(session, (mean * 9 / 8 + META_BYTES) * batch->count);
  if (batch->early) batch->early_capacity = cassette_arena_capacity(batch->early);
  batch->copying--;
}

/* Whether the request's data fits into the early arena; it then has a place there. */
static bool fits_early(cassette_batch *batch, cassette_request *request) {
  if (!batch->early || !request->result) return false;
  uint64_t size = ((uint64_t)request->length + CASSETTE_BLOB_ALIGNMENT - 1) /
                  CASSETTE_BLOB_ALIGNMENT * CASSETTE_BLOB_ALIGNMENT;
  if (size > batch->early_capacity - batch->early_used) return false;
  request->place = batch->early_used;
  batch->early_used += size;
  return true;
}

cassette_batch *cassette_settle(cassette_request *request) {
  if (cassette_forgotten(request)) {
    cassette_request_done(request);
    return NULL;
  }
  cassette_block *block = request->block;
  cassette_group *group = block->group;
  cassette_batch *batch = group ? group->first : block->batch;
  uint32_t index = request->index;
  uint32_t place = group ? batch->placed : index;
  batch->requests[place] = request;
  batch->placed++;
  if (group) {
    batch->origins[2 * place] = block->token;
    batch->origins[2 * place + 1] = index;
    if (batch->placed == batch->count) {
      group->first = batch->next;
      if (!group->first) group->last = NULL;
      batch->group = NULL;
    }
  }
  if (request->result && !batch->early_asked) take_early(batch);
  if (batch->cancelled) {
    if (batch->copying == 0) cassette_batch_complete(batch);
    return NULL;
  }
  if (fits_early(batch, request)) {
    batch->copying++;
    return batch;
  }
  filled(batch);
  return NULL;
}

void cassette_copied_early(cassette_batch *batch) {
  batch->copying--;
  if (!batch->cancelled) filled(batch);
  else if (batch->copying == 0) cassette_batch_complete(batch);
}

void cassette_batch_cancel(cassette_batch *batch) {
  batch->cancelled = true;
  cassette_batch_forget(batch);
  if (batch->copying == 0) cassette_batch_complete(batch);
}

cassette_group *cassette_group_of(cassette_session *session, uint64_t id) {
  cassette_group *group = session->groups;
  while (group && group->id != id) group = group->next;
  if (group) return group;
  group = calloc(1, sizeof *group);
  if (!group) return NULL;
  group->id = id;
  group->next = session->groups;
  session->groups = group;
  return group;
}

void cassette_group_cancel(cassette_session *session, cassette_group *group) {
  group->cancelled = true;
  leave(session, group);
  group->blocks++; /* it must live until the end of this function */
  cassette_batch *batch;
  while ((batch = group->first)) {
    group->first = batch->next;
    batch->group = NULL;
    cassette_batch_cancel(batch);
  }
  cassette_block *next;
  for (cassette_block *block = session->to_send.first; block; block = next) {
    next = block->next;
    if (block->group == group) cassette_block_drop(block);
  }
  if (--group->blocks == 0) free(group);
}
