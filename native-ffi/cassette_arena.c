/* Memory for batches: kept for the next, and as long as somebody views it. */
#include "cassette_internal.h"

#include <stdlib.h>
#include <sys/mman.h>

/* Bytes before an arena's memory; batches for which one is kept that none of them takes. */
enum { HEADER = 64, KEPT_BATCHES = 1024 };

/* Bytes from which on an arena is mapped. */
enum { MAPPED = 1 << 20 };

/* Samples of late that count for the mean, how many it needs, and how many times it is too many. */
enum { MEAN_SAMPLES = 1024, MEAN_LEAST = 16, MEAN_OUTLIER = 8 };

_Static_assert(sizeof(arena) <= HEADER, "an arena's header has its place before its memory");

static arena *arena_of(const uint8_t *bytes) {
  return (arena *)(void *)(bytes - HEADER);
}

static arena *allocate(uint64_t capacity) {
  if (capacity >= SIZE_MAX / 2) return NULL;
  size_t size = HEADER + (size_t)capacity;
  bool mapped = capacity >= MAPPED;
  void *memory = mapped ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                        : aligned_alloc(HEADER, size);
  if (!memory || memory == MAP_FAILED) return NULL;
  arena *made = memory;
  made->capacity = capacity;
  made->mapped = mapped;
  atomic_init(&made->references, 1);
  return made;
}

static void drop(arena *dropped) {
  if (atomic_fetch_sub(&dropped->references, 1) > 1) return;
  if (dropped->mapped) munmap(dropped, HEADER + (size_t)dropped->capacity);
  else free(dropped);
}

uint64_t cassette_arena_capacity(const uint8_t *bytes) {
  return arena_of(bytes)->capacity;
}

uint32_t cassette_arena_slot(const uint8_t *bytes) {
  return arena_of(bytes)->slot;
}

bool cassette_arena_viewed(const uint8_t *bytes) {
  return atomic_load(&arena_of(bytes)->references) > 1;
}

void cassette_view(uint8_t *bytes) {
  atomic_fetch_add(&arena_of(bytes)->references, 1);
}

void cassette_view_drop(uint8_t *bytes) {
  drop(arena_of(bytes));
}

/*
 * Arenas are kept for the next batch, as fresh memory costs the kernel more than filling it does.
 * What does not fit is exchanged, so there are never more than were in use at once.
 */
uint8_t *cassette_arena_take(cassette_session *session, uint64_t size) {
  for (arena **at = &session->arenas; *at; at = &(*at)->next) {
    arena *found = *at;
    if (found->capacity < size || found->capacity / 2 > size) continue;
    *at = found->next;
    return (uint8_t *)found + HEADER;
  }
  arena **last = &session->arenas;
  while (*last && (*last)->next) last = &(*last)->next;
  arena *old = *last;
  uint32_t slot = old ? old->slot : session->slots++;
  if (old) {
    *last = NULL;
    session->stats.arena_bytes -= old->capacity;
  }
  uint64_t rounded = (size + size / 8 + 4095) / 4096 * 4096;
  session->stats.arena_bytes += rounded;
  pthread_mutex_unlock(&session->lock);
  if (old) drop(old);
  arena *made = rounded > size ? allocate(rounded) : NULL;
  pthread_mutex_lock(&session->lock);
  if (!made) {
    session->stats.arena_bytes -= rounded;
    return NULL;
  }
  made->slot = slot;
  return (uint8_t *)made + HEADER;
}

void cassette_arena_give_back(cassette_session *session, uint8_t *bytes) {
  arena *given = arena_of(bytes);
  given->given = session->handed_over;
  given->next = session->arenas;
  session->arenas = given;
}

/* An arena that was large for one batch only would be kept for ever otherwise. */
uint32_t cassette_arena_retire(cassette_session *session) {
  session->handed_over++;
  arena **last = &session->arenas;
  while (*last && (*last)->next) last = &(*last)->next;
  arena *old = *last;
  if (!old || session->handed_over - old->given < KEPT_BATCHES) return 0;
  *last = NULL;
  uint32_t slot = old->slot;
  cassette_arena_let_go(session, (uint8_t *)old + HEADER);
  return slot + 1;
}

void cassette_arena_let_go(cassette_session *session, uint8_t *bytes) {
  session->stats.arena_bytes -= arena_of(bytes)->capacity;
  drop(arena_of(bytes));
}

void cassette_arenas_free(cassette_session *session) {
  while (session->arenas) {
    arena *next = session->arenas->next;
    drop(session->arenas);
    session->arenas = next;
  }
}

/*
 * What is many times as large as the others tells nothing of those to come: one huge sample would
 * otherwise make all arenas huge.
 */
void cassette_mean_learn(cassette_session *session, uint64_t bytes, uint64_t largest,
                         uint32_t samples) {
  if (samples == 0) return;
  if (samples > 1 && largest > (bytes - largest) / (samples - 1) * MEAN_OUTLIER) {
    bytes -= largest;
    samples--;
  }
  double mean = (double)bytes / samples;
  if (session->weight < samples && session->mean > mean * MEAN_OUTLIER) session->weight = 0;
  if (session->weight >= MEAN_LEAST && mean > session->mean * MEAN_OUTLIER)
    mean = session->mean * MEAN_OUTLIER;
  session->weight += samples;
  session->mean += (mean - session->mean) * samples / session->weight;
  if (session->weight > MEAN_SAMPLES) session->weight = MEAN_SAMPLES;
}

uint64_t cassette_mean(const cassette_session *session) {
  return session->weight < MEAN_LEAST ? 0 : (uint64_t)session->mean;
}
