/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables.h - the tables of the documents, shared by the files that define them. Not installed.
 */
#ifndef OCISPEC_LITE_TABLES_H
#define OCISPEC_LITE_TABLES_H

#include <ocispec-lite/image.h>
#include <ocispec-lite/table.h>

#pragma GCC visibility push(hidden)

extern OCI_TABLE_DECLARE(oci_config_table, struct oci_config);
extern OCI_TABLE_DECLARE(oci_process_table, struct oci_process);
extern OCI_TABLE_DECLARE(oci_linux_table, struct oci_linux);
extern OCI_TABLE_DECLARE(oci_resources_table, struct oci_resources);
extern OCI_TABLE_DECLARE(oci_seccomp_table, struct oci_seccomp);
extern OCI_TABLE_DECLARE(oci_id_mapping_table, struct oci_id_mapping);
extern OCI_TABLE_DECLARE(oci_state_table, struct oci_state);
extern OCI_TABLE_DECLARE(oci_process_state_table, struct oci_process_state);
extern OCI_TABLE_DECLARE(oci_features_table, struct oci_features);
extern OCI_TABLE_DECLARE(oci_descriptor_table, struct oci_descriptor);
extern OCI_TABLE_DECLARE(oci_index_table, struct oci_index);
extern OCI_TABLE_DECLARE(oci_manifest_table, struct oci_manifest);
extern OCI_TABLE_DECLARE(oci_image_config_table, struct oci_image_config);
extern OCI_TABLE_DECLARE(oci_image_layout_table, struct oci_image_layout);
extern OCI_TABLE_DECLARE(oci_docker_image_table, struct oci_docker_image);

#define NEEDED .flags = OCI_REQUIRED
/* Go writes an optional string that is not set as "" or not at all */
#define OR_EMPTY .flags = OCI_EMPTY_IS_ABSENT

#define DOCUMENT(noun)                                                                           \
	int oci_##noun##_parse(struct oci_arena *arena, const char *name, const char *text,      \
			       size_t length, struct oci_##noun **ret, struct oci_error *err)    \
	{                                                                                        \
		void *object;                                                                    \
		int r = oci_table_parse(&oci_##noun##_table, arena, name, text, length, &object, \
					err);                                                    \
                                                                                                 \
		if (r == 0)                                                                      \
			*ret = object;                                                           \
		return r;                                                                        \
	}                                                                                        \
                                                                                                 \
	int oci_##noun##_emit(const struct oci_##noun *object, unsigned flags, char **ret_text,  \
			      size_t *ret_length, struct oci_error *err)                         \
	{                                                                                        \
		return oci_table_emit(&oci_##noun##_table, object, flags, ret_text, ret_length,  \
				      err);                                                      \
	}

#define WORD_OF(words_, value) \
	((size_t)(value)-1 < (words_).count ? (words_).words[(value)-1].text : NULL)

#pragma GCC visibility pop
#endif
