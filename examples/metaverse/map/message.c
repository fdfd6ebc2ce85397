/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - see message.h. */
#include "map/message.h"

#include <libwebsockets.h>
#include <stdlib.h>

bool draft_begin(struct draft *draft, const char *kind)
{
	static const char room[LWS_PRE];

	*draft = (struct draft){ 0 };
	draft->out = open_memstream(&draft->bytes, &draft->length);
	if (!draft->out)
		return false;
	(void)fwrite(room, 1, sizeof(room), draft->out);
	(void)fprintf(draft->out, "{\"t\":\"%s\"", kind);
	return true;
}

struct message *draft_end(struct draft *draft)
{
	struct message *message = calloc(1, sizeof(*message));
	bool good;

	(void)fputc('}', draft->out);
	good = !ferror(draft->out) && message;
	if (fclose(draft->out) != 0 || !good) {
		free(draft->bytes);
		free(message);
		return NULL;
	}
	message->bytes = draft->bytes;
	message->length = draft->length - LWS_PRE;
	message->holders = 1;
	return message;
}

void message_release(struct message *message)
{
	if (!message || --message->holders > 0)
		return;
	free(message->bytes);
	free(message);
}
