/*
 * Finds out that a statement is refused. Where a table is gone, or another has its name, the driver
 * prepares the statement anew, is refused, asks the next host, and says at last that there is none:
 * the same as of a network that is down. A preparation of our own tells which it is.
 */
#include "cassette_internal.h"

#include <stdlib.h>
#include <string.h>

enum { ASK_AGAIN_MS = 500 };

static bool refuses(CassError code) {
  return code == CASS_SERVER_SYNTAX_ERROR || code == CASS_SERVER_UNAUTHORIZED ||
         code == CASS_SERVER_INVALID_QUERY || code == CASS_SERVER_CONFIG_ERROR;
}

/* The driver's callback. */
static void on_prepared(CassFuture *future, void *data) {
  cassette_session *session = data;
  cassette_driver *driver = session->driver;
  CassError code = driver->future_error_code(future);
  char *message = code == CASS_OK ? NULL : cassette_message_of(driver, future, CASSETTE_MESSAGE_BYTES);
  if (code == CASS_OK) {
    const CassPrepared *prepared = driver->future_get_prepared(future);
    if (prepared) driver->prepared_free(prepared);
  }
  pthread_mutex_lock(&session->lock);
  cassette_refusal *refusal = &session->refusal;
  free(refusal->message);
  refusal->message = message;
  refusal->code = refuses(code) ? code : CASS_OK;
  refusal->under_way = false;
  refusal->asked = cassette_now();
  if (refusal->code != CASS_OK)
    cassette_retries_settle(session, code, message ? message : "the statement is refused");
  session->in_flight--; /* at the end: the session lives as long as something is in flight */
  cassette_wake_dispatcher(session);
  pthread_mutex_unlock(&session->lock);
}

void cassette_refusal_ask(cassette_session *session) {
  cassette_driver *driver = session->driver;
  CassFuture *future =
      driver->session_prepare_n(session->session, session->cql, session->cql_length);
  bool comes = future && driver->future_set_callback(future, on_prepared, session) == CASS_OK;
  if (future) driver->future_free(future);
  if (comes) return;
  pthread_mutex_lock(&session->lock);
  session->refusal.under_way = false;
  session->refusal.asked = cassette_now();
  session->in_flight--;
  pthread_mutex_unlock(&session->lock);
}

bool cassette_refused(cassette_session *session, cassette_request *request) {
  cassette_refusal *refusal = &session->refusal;
  if (request->code != CASS_LIB_NO_HOSTS_AVAILABLE || session->closing) return false;
  bool known = cassette_now() - refusal->asked < ASK_AGAIN_MS * 1000;
  if (known && refusal->code != CASS_OK) {
    cassette_say(request, CASSETTE_FAILED, "%s",
                 refusal->message ? refusal->message : "the statement is refused");
    request->code = refusal->code;
    return true;
  }
  if (!known && !refusal->under_way) refusal->wanted = true;
  return false;
}
