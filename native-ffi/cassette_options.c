/* The options of a session, as text. */
#include "cassette_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is secret is overwritten before it is given back. */
void cassette_forget(char **secret) {
  if (*secret) {
    volatile char *byte = *secret;
    while (*byte) *byte++ = 0;
    free(*secret);
  }
  *secret = NULL;
}

static CassSsl *tls(cassette_session *session) {
  if (!session->ssl) session->ssl = session->driver->ssl_new();
  return session->ssl;
}

static CassError set_verify(cassette_session *session, const char *value, bool *known) {
  if (!tls(session)) return CASS_LIB_UNABLE_TO_INIT;
  int flags;
  if (strcmp(value, "none") == 0) flags = CASS_VERIFY_NONE;
  else if (strcmp(value, "chain") == 0) flags = CASS_VERIFY_PEER_CERT;
  else if (strcmp(value, "identity") == 0) flags = CASS_VERIFY_PEER_CERT | CASS_VERIFY_PEER_IDENTITY;
  else {
    *known = false;
    return CASS_OK;
  }
  session->driver->ssl_set_verify_flags(session->ssl, flags);
  return CASS_OK;
}

/* Options whose value is text. `known` becomes false if there is none of this name. */
static CassError set_string(cassette_session *s, const char *name, const char *value, size_t length,
                            bool *known) {
  cassette_driver *d = s->driver;
  if (strcmp(name, "contact_points") == 0)
    return d->cluster_set_contact_points_n(s->cluster, value, length);
  if (strcmp(name, "local_dc") == 0)
    return d->cluster_set_load_balance_dc_aware_n(s->cluster, value, length, 0, 0);
  if (strcmp(name, "username") == 0 || strcmp(name, "password") == 0) {
    char **kept = name[0] == 'u' ? &s->username : &s->password;
    cassette_forget(kept);
    *kept = strdup(value);
    return CASS_OK;
  }
  if (strncmp(name, "tls_", 4) == 0 && !tls(s)) return CASS_LIB_UNABLE_TO_INIT;
  if (strcmp(name, "tls_ca") == 0) return d->ssl_add_trusted_cert_n(s->ssl, value, length);
  if (strcmp(name, "tls_cert") == 0) return d->ssl_set_cert_n(s->ssl, value, length);
  if (strcmp(name, "tls_passphrase") == 0) {
    cassette_forget(&s->passphrase);
    s->passphrase = strdup(value);
    return CASS_OK;
  }
  if (strcmp(name, "tls_key") == 0) {
    const char *phrase = s->passphrase ? s->passphrase : "";
    return d->ssl_set_private_key_n(s->ssl, value, length, phrase, strlen(phrase));
  }
  if (strcmp(name, "tls_verify") == 0) return set_verify(s, value, known);
  if (strcmp(name, "cloud_bundle") == 0 && d->cluster_set_cloud_secure_connection_bundle_n)
    return d->cluster_set_cloud_secure_connection_bundle_n(s->cluster, value, length);
  *known = false;
  return CASS_OK;
}

/* Options whose value is a number. `known` becomes false if there is none of this name. */
static CassError set_number(cassette_session *s, const char *name, uint32_t number, bool *known) {
  cassette_driver *d = s->driver;
  if (strcmp(name, "port") == 0) return d->cluster_set_port(s->cluster, (int)number);
  if (strcmp(name, "consistency") == 0) return d->cluster_set_consistency(s->cluster, (int)number);
  if (strcmp(name, "io_threads") == 0) return d->cluster_set_num_threads_io(s->cluster, number);
  if (strcmp(name, "connections") == 0)
    return d->cluster_set_core_connections_per_host(s->cluster, number);
  if (strcmp(name, "request_timeout") == 0) d->cluster_set_request_timeout(s->cluster, number);
  else if (strcmp(name, "connect_timeout") == 0) d->cluster_set_connect_timeout(s->cluster, number);
  else if (strcmp(name, "copy_threads") == 0 && number >= 1 && number <= CASSETTE_MAX_COPY_THREADS)
    s->copy_threads = number;
  else if (strcmp(name, "max_in_flight") == 0 && number >= 1) {
    s->limit = number;
    if (!d->cluster_set_queue_size_io) return CASS_OK;
    unsigned queue = 8192;
    while (queue <= number) queue *= 2;
    return d->cluster_set_queue_size_io(s->cluster, queue);
  } else if (strcmp(name, "retries") == 0 && number <= CASSETTE_MAX_RETRIES) s->retries = number;
  else if (strcmp(name, "backoff") == 0) s->backoff = number;
  else if (strcmp(name, "label_type") == 0 && number <= CASSETTE_LABEL_BLOB)
    s->label_type = (int32_t)number;
  else if (strcmp(name, "max_blob_bytes") == 0) s->max_blob_bytes = number;
  else if (strcmp(name, "answer_limit") == 0) s->answer_limit = number * 1000ull;
  else if (strcmp(name, "close_limit") == 0) s->close_limit = number;
  else if (strcmp(name, "speculative_delay") == 0) s->speculative_delay = number;
  else if (strcmp(name, "speculative_max") == 0 &&
           d->cluster_set_constant_speculative_execution_policy)
    return d->cluster_set_constant_speculative_execution_policy(s->cluster, s->speculative_delay,
                                                                (int)number);
  else *known = false;
  return CASS_OK;
}

int32_t cassette_option(cassette_session *session, const char *name, const char *value,
                        uint32_t length) {
  bool known = true;
  char *text = malloc((size_t)length + 1);
  if (!text) return cassette_fail(session, 0, "out of memory");
  memcpy(text, value, length);
  text[length] = 0;
  CassError code = set_string(session, name, text, length, &known);
  if (!known) {
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (length > 0 && *end == 0 && errno == 0 && number <= INT32_MAX) {
      known = true;
      code = set_number(session, name, (uint32_t)number, &known);
    }
  }
  cassette_forget(&text);
  if (!known) return cassette_fail(session, 0, "no such option, or not a value of it");
  if (code != CASS_OK) return cassette_fail(session, code, session->driver->error_desc(code));
  return CASSETTE_READY;
}
