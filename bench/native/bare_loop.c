/*
 * The least that a C program does to fetch rows by key: a loop over the driver, so many requests in
 * flight, each byte of a blob read once where the driver has it, and let go.
 *
 * bare_loop DRIVER LIBPYTHON HOST PORT CQL IDS IN_FLIGHT CONNECTIONS
 *
 * IDS is a file of 16-byte keys. Each line on standard input is a number of rounds; each line on
 * standard output tells images, seconds, microseconds of the process's CPU time, and the sum of all
 * words so far.
 */
#include "../../native-ffi/cassette_driver.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static cassette_driver *driver;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t freed = PTHREAD_COND_INITIALIZER;
static uint32_t in_flight, limit;
static uint64_t checksum, failures;

static void fail(const char *what) {
  fprintf(stderr, "bare_loop: %s\n", what);
  exit(1);
}

static void wait_for(CassFuture *future, const char *what) {
  while (!driver->future_wait_timed(future, 1000000)) {}
  if (driver->future_error_code(future) == CASS_OK) return;
  const char *message;
  size_t length;
  driver->future_error_message(future, &message, &length);
  fprintf(stderr, "bare_loop: %s: %.*s\n", what, (int)length, message);
  exit(1);
}

static uint64_t big_endian(const uint8_t *id, int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; i++) value = value << 8 | id[i];
  return value;
}

/* All words of the blob, so that each of its bytes comes to the processor as for any use of it. */
static uint64_t sum(const uint8_t *blob, size_t length) {
  uint64_t total = 0, word;
  size_t at = 0;
  for (; at + sizeof word <= length; at += sizeof word) {
    memcpy(&word, blob + at, sizeof word);
    total += word;
  }
  for (; at < length; at++) total += blob[at];
  return total;
}

static void on_answer(CassFuture *future, void *data) {
  (void)data;
  const CassResult *result = driver->future_get_result(future);
  const CassRow *row = result ? driver->result_first_row(result) : NULL;
  const uint8_t *blob = NULL;
  size_t length = 0;
  int32_t label;
  bool arrived = row &&
                 driver->value_get_bytes(driver->row_get_column(row, 0), &blob, &length) == CASS_OK &&
                 driver->value_get_int32(driver->row_get_column(row, 1), &label) == CASS_OK;
  uint64_t all = arrived ? sum(blob, length) : 0;
  if (result) driver->result_free(result);
  pthread_mutex_lock(&lock);
  if (arrived) checksum += all;
  else failures++;
  if (in_flight-- >= limit - 1) pthread_cond_signal(&freed);
  else if (in_flight == 0) pthread_cond_signal(&freed);
  pthread_mutex_unlock(&lock);
}

static void round_of(CassSession *session, const CassPrepared *prepared, const uint8_t *ids,
                     size_t count) {
  for (size_t i = 0; i < count; i++) {
    const uint8_t *id = ids + i * 16;
    CassUuid uuid = {.time_and_version = big_endian(id + 6, 2) << 48 | big_endian(id + 4, 2) << 32 |
                                         big_endian(id, 4),
                     .clock_seq_and_node = big_endian(id + 8, 8)};
    CassStatement *statement = driver->prepared_bind(prepared);
    driver->statement_bind_uuid(statement, 0, uuid);
    pthread_mutex_lock(&lock);
    while (in_flight >= limit) pthread_cond_wait(&freed, &lock);
    in_flight++;
    pthread_mutex_unlock(&lock);
    CassFuture *future = driver->session_execute(session, statement);
    driver->statement_free(statement);
    driver->future_set_callback(future, on_answer, NULL);
    driver->future_free(future);
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static double cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

int main(int count, char **arguments) {
  if (count != 9) fail("DRIVER LIBPYTHON HOST PORT CQL IDS IN_FLIGHT CONNECTIONS");
  char error[1024] = "";
  const char *libpython = arguments[2][0] ? arguments[2] : NULL;
  driver = cassette_driver_open(arguments[1], libpython, error, sizeof error);
  if (!driver) fail(error);
  driver->log_set_level(0);
  FILE *file = fopen(arguments[6], "rb");
  if (!file || fseek(file, 0, SEEK_END) != 0) fail("cannot read the keys");
  size_t keys = (size_t)ftell(file) / 16;
  rewind(file);
  uint8_t *ids = malloc(keys * 16);
  if (!ids || fread(ids, 16, keys, file) != keys) fail("cannot read the keys");
  fclose(file);
  limit = (uint32_t)atoi(arguments[7]);
  CassCluster *cluster = driver->cluster_new();
  driver->cluster_set_contact_points_n(cluster, arguments[3], strlen(arguments[3]));
  driver->cluster_set_port(cluster, atoi(arguments[4]));
  driver->cluster_set_num_threads_io(cluster, 1);
  driver->cluster_set_core_connections_per_host(cluster, (unsigned)atoi(arguments[8]));
  CassSession *session = driver->session_new();
  CassFuture *future = driver->session_connect(session, cluster);
  wait_for(future, "connect");
  driver->future_free(future);
  future = driver->session_prepare_n(session, arguments[5], strlen(arguments[5]));
  wait_for(future, "prepare");
  const CassPrepared *prepared = driver->future_get_prepared(future);
  driver->future_free(future);
  char line[64];
  while (fgets(line, sizeof line, stdin)) {
    int rounds = atoi(line);
    double begin = now(), used = cpu();
    for (int i = 0; i < rounds; i++) round_of(session, prepared, ids, keys);
    pthread_mutex_lock(&lock);
    while (in_flight > 0) pthread_cond_wait(&freed, &lock);
    if (failures > 0) fail("a sample failed");
    pthread_mutex_unlock(&lock);
    printf("%zu %.6f %.0f %llu\n", keys * (size_t)rounds, now() - begin, cpu() - used,
           (unsigned long long)checksum);
    fflush(stdout);
  }
  free(ids);
  return 0;
}
