/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cartefile-private.h - what the files that read a Cartefile share: words with places, and one function for each instruction.
 */
#ifndef CARTEFILE_CARTEFILE_PRIVATE_H
#define CARTEFILE_CARTEFILE_PRIVATE_H

#include "cartefile-to-oci/cartefile.h"

/** struct letter - one byte of a word. @literal: was quoted or escaped, so that it means nothing but itself. */
struct letter {
	struct cartefile_place place;
	char byte;
	bool literal;
};

/**
 * struct word - without its quotes.
 * @place: where it begins, with its quote
 * @letters: @length of them, and one more whose place is behind the word
 */
struct word {
	struct cartefile_place place;
	char *text;
	size_t length;
	const struct letter *letters;
};

/** struct instruction - its name is words[0]; @end is where another word would stand. */
struct instruction {
	struct word *words;
	size_t len, room;
	struct cartefile_place end;
};

struct lexer {
	const struct cartefile *file;
	struct oci_arena *arena;
	const char *at, *end;
	struct cartefile_place place;
};

/** lexer_init - checks that all of @text is UTF-8 without control bytes, and passes over a byte order mark. */
int lexer_init(struct lexer *lexer, const struct cartefile *file, const char *text, size_t length,
	       struct oci_arena *arena, struct oci_error *err);

/** lexer_next - the next instruction. Return: 1, 0 at the end of the text, -errno. */
int lexer_next(struct lexer *lexer, struct instruction *ret, struct oci_error *err);

/** word_find - the first @byte at or behind @from that is not literal, or word->length. */
size_t word_find(const struct word *word, char byte, size_t from);

/** word_is_plain - the byte at @at is this one, and not quoted. */
bool word_is_plain(const struct word *word, size_t at, char byte);

#define SHOWN_SIZE 160
/** shown - @text for a message: what is long is cut, at the end of a character. Return: @buf. */
const char *shown(char buf[SHOWN_SIZE], const char *text);

/** one line each: what is behind the name. They know that it is there once, where that is the rule. */
struct parse {
	struct cartefile *file;
	struct oci_arena *arena;
	size_t paths_room;
};
int parse_from(struct parse *parse, const struct instruction *in, struct oci_error *err);
int parse_name(struct parse *parse, const struct instruction *in, struct oci_error *err);
int parse_path(struct parse *parse, const struct instruction *in, struct oci_error *err);
int parse_exe(struct parse *parse, const struct instruction *in, struct oci_error *err);

/** fail_too_many - @word is one more than @what takes. */
int fail_too_many(const struct cartefile *file, const struct word *word, const char *what,
		  struct oci_error *err);

/** fail_unknown - @word is no instruction: what to write instead of it. */
int fail_unknown(const struct cartefile *file, const struct word *word, struct oci_error *err);

/** word_distance - letters to be put in, left out, changed or exchanged with their neighbour; case does not count. */
unsigned word_distance(const char *a, const char *b);

/**
 * reference_check - [DOMAIN/]PATH[:TAG][@DIGEST], text of @word from @from.
 * @what: begins the messages: "NAME", "docker://"
 * @digest: one is possible
 */
int reference_check(const struct cartefile *file, const struct word *word, size_t from,
		    const char *what, bool digest, struct oci_error *err);

/** reference_normal - of one that was checked: with the domain and the tag that it lacks: localhost/, :latest. NULL: no memory. */
char *reference_normal(const char *text, struct oci_arena *arena);

#endif
