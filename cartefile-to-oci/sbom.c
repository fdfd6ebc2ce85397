/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sbom.c - SPDX 2.3 (spdx.github.io/spdx-spec/v2.3, annex of the JSON schema), see sbom.h. The same image gives the same bytes:
 * packages sorted by name, the namespace made of the manifest's digest, the time given.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <ocispec-lite/table.h>

#include "base/error.h"
#include "base/mem.h"
#include "cartefile-to-oci/packages.h"
#include "cartefile-to-oci/sbom.h"

#define NOASSERTION ((char *)"NOASSERTION")
#define IMAGE_ID ((char *)"SPDXRef-Image")

struct spdx_creation {
	char *created;
	char **creators;
	size_t creators_len;
};

struct spdx_checksum {
	char *algorithm, *value;
};

struct spdx_ref {
	char *category, *type, *locator;
};

struct spdx_package {
	char *id, *name, *version, *supplier, *download, *homepage, *concluded, *declared,
		*copyright, *comment, *purpose;
	struct oci_bool analyzed;
	struct spdx_checksum *checksums;
	size_t checksums_len;
	struct spdx_ref *refs;
	size_t refs_len;
};

struct spdx_relation {
	char *from, *type, *to;
};

struct spdx {
	char *version, *licence, *id, *name, *namespace;
	struct spdx_creation *creation;
	struct spdx_package *packages;
	size_t packages_len;
	struct spdx_relation *relations;
	size_t relations_len;
};

static const struct oci_row creation_rows[] = {
	OCI_ROW_STRING(struct spdx_creation, created, "created"),
	OCI_ROW_STRINGS(struct spdx_creation, creators, "creators"),
};
static const OCI_TABLE(creation_table, struct spdx_creation, creation_rows);

static const struct oci_row checksum_rows[] = {
	OCI_ROW_STRING(struct spdx_checksum, algorithm, "algorithm"),
	OCI_ROW_STRING(struct spdx_checksum, value, "checksumValue"),
};
static const OCI_TABLE(checksum_table, struct spdx_checksum, checksum_rows);

static const struct oci_row ref_rows[] = {
	OCI_ROW_STRING(struct spdx_ref, category, "referenceCategory"),
	OCI_ROW_STRING(struct spdx_ref, type, "referenceType"),
	OCI_ROW_STRING(struct spdx_ref, locator, "referenceLocator"),
};
static const OCI_TABLE(ref_table, struct spdx_ref, ref_rows);

static const struct oci_row package_rows[] = {
	OCI_ROW_STRING(struct spdx_package, id, "SPDXID"),
	OCI_ROW_STRING(struct spdx_package, name, "name"),
	OCI_ROW_STRING(struct spdx_package, version, "versionInfo"),
	OCI_ROW_STRING(struct spdx_package, purpose, "primaryPackagePurpose"),
	OCI_ROW_STRING(struct spdx_package, supplier, "supplier"),
	OCI_ROW_STRING(struct spdx_package, download, "downloadLocation"),
	OCI_ROW_STRING(struct spdx_package, homepage, "homepage"),
	OCI_ROW_BOOL(struct spdx_package, analyzed, "filesAnalyzed"),
	OCI_ROW_STRING(struct spdx_package, concluded, "licenseConcluded"),
	OCI_ROW_STRING(struct spdx_package, declared, "licenseDeclared"),
	OCI_ROW_STRING(struct spdx_package, copyright, "copyrightText"),
	OCI_ROW_STRING(struct spdx_package, comment, "comment"),
	OCI_ROW_OBJECTS(struct spdx_package, checksums, "checksums", checksum_table),
	OCI_ROW_OBJECTS(struct spdx_package, refs, "externalRefs", ref_table),
};
static const OCI_TABLE(package_table, struct spdx_package, package_rows);

static const struct oci_row relation_rows[] = {
	OCI_ROW_STRING(struct spdx_relation, from, "spdxElementId"),
	OCI_ROW_STRING(struct spdx_relation, type, "relationshipType"),
	OCI_ROW_STRING(struct spdx_relation, to, "relatedSpdxElement"),
};
static const OCI_TABLE(relation_table, struct spdx_relation, relation_rows);

static const struct oci_row spdx_rows[] = {
	OCI_ROW_STRING(struct spdx, version, "spdxVersion"),
	OCI_ROW_STRING(struct spdx, licence, "dataLicense"),
	OCI_ROW_STRING(struct spdx, id, "SPDXID"),
	OCI_ROW_STRING(struct spdx, name, "name"),
	OCI_ROW_STRING(struct spdx, namespace, "documentNamespace"),
	OCI_ROW_OBJECT(struct spdx, creation, "creationInfo", creation_table),
	OCI_ROW_OBJECTS(struct spdx, packages, "packages", package_table),
	OCI_ROW_OBJECTS(struct spdx, relations, "relationships", relation_table),
};
static const OCI_TABLE(spdx_table, struct spdx, spdx_rows);

/* ---- words ---- */

/* Every byte but unreserved ones by its number (RFC 3986 2.1, purl-spec "How to build purl string components"). */
static char *percent(struct oci_arena *arena, const char *text)
{
	char *buf = oci_arena_alloc(arena, strlen(text) * 3 + 1), *to = buf;

	for (; to && *text; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-._~", c))
			*to++ = (char)c;
		else
			to += sprintf(to, "%%%02X", c);
	}
	return buf;
}

/* "Jane <jane@example.org>" becomes "Person: Jane (jane@example.org)"; teams are organisations */
static char *supplier(struct oci_arena *arena, const char *maintainer)
{
	const char *open = maintainer ? strchr(maintainer, '<') : NULL;
	const char *close = open ? strchr(open, '>') : NULL, *end = open;
	const char *kind;

	if (!maintainer || !maintainer[0])
		return NOASSERTION;
	kind = strstr(maintainer, "aintainers") || strstr(maintainer, "eam") ||
			       strstr(maintainer, "evelopers")
		       ? "Organization"
		       : "Person";
	if (!close)
		return oci_arena_printf(arena, "%s: %s", kind, maintainer);
	while (end > maintainer && end[-1] == ' ')
		end--;
	return oci_arena_printf(arena, "%s: %.*s (%.*s)", kind, (int)(end - maintainer), maintainer,
				(int)(close - open - 1), open + 1);
}

/* Identifiers are letters, digits, "." and "-"; the number keeps those apart that become the same. */
static char *package_id(struct oci_arena *arena, const struct package *package, size_t number)
{
	char *id = oci_arena_printf(arena, "SPDXRef-Package-%zu-%s", number, package->name);

	for (char *at = id; at && *at; at++)
		if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
		      (*at >= '0' && *at <= '9') || *at == '-' || *at == '.'))
			*at = '-';
	return id;
}

static char *purl(struct oci_arena *arena, const struct package *package, const char *distribution)
{
	const char *kind = package->kind == PACKAGE_DEB ? "deb" : "apk";
	const char *vendor = distribution                   ? distribution
			     : package->kind == PACKAGE_DEB ? "debian"
							    : "alpine";
	char *name = percent(arena, package->name);
	char *version = percent(arena, package->version ? package->version : "");
	char *architecture = percent(arena, package->architecture ? package->architecture : "");

	if (!name || !version || !architecture)
		return NULL;
	return oci_arena_printf(arena, "pkg:%s/%s/%s%s%s%s%s", kind, vendor, name,
				*version ? "@" : "", version, *architecture ? "?arch=" : "",
				architecture);
}

/* ---- the document ---- */

struct bill {
	const struct tree *tree;
	const struct sbom_image *image;
	const char *distribution;
	struct oci_arena arena;
	struct spdx document;
	struct spdx_creation creation;
};

/* Files of a package that are in the image as the base or the sysroot has them. */
static size_t count_kept(const struct package *package)
{
	size_t count = 0;

	for (size_t i = 0; i < package->nodes_len; i++) {
		const struct tree_node *node = package->nodes[i];

		count += node->type == TREE_FILE && !node->out && node->origin != TREE_PATH;
	}
	return count;
}

static bool relate(struct bill *bill, const char *from, const char *type, const char *to)
{
	bill->document.relations[bill->document.relations_len++] =
		(struct spdx_relation){ (char *)from, (char *)type, (char *)to };
	return to != NULL;
}

static bool add_image(struct bill *bill)
{
	struct spdx_package *p = &bill->document.packages[bill->document.packages_len++];
	char hex[DIGEST_HEX_LENGTH + 1];

	*p = (struct spdx_package){ .id = IMAGE_ID,
				    .name = (char *)(bill->image->name ? bill->image->name
								       : "image"),
				    .purpose = (char *)"CONTAINER",
				    .supplier = NOASSERTION,
				    .download = NOASSERTION,
				    .concluded = NOASSERTION,
				    .declared = NOASSERTION,
				    .copyright = NOASSERTION,
				    .analyzed = { .present = true, .value = false } };
	p->checksums = oci_arena_alloc(&bill->arena, sizeof(*p->checksums));
	if (!p->checksums)
		return false;
	p->checksums_len = 1;
	p->checksums->algorithm = (char *)"SHA256";
	p->checksums->value =
		oci_arena_strdup(&bill->arena, digest_hex(&bill->image->manifest, hex));
	p->version = oci_arena_printf(&bill->arena, "sha256:%s", hex);
	return p->checksums->value && p->version &&
	       relate(bill, "SPDXRef-DOCUMENT", "DESCRIBES", IMAGE_ID);
}

static bool add_package(struct bill *bill, const struct package *package, size_t kept)
{
	struct spdx_package *p = &bill->document.packages[bill->document.packages_len];
	struct oci_arena *arena = &bill->arena;

	p->id = package_id(arena, package, bill->document.packages_len++);
	p->name = (char *)package->name;
	p->version = (char *)package->version;
	p->supplier = supplier(arena, package->maintainer);
	p->download = NOASSERTION;
	p->homepage = (char *)package->homepage;
	p->analyzed = (struct oci_bool){ .present = true, .value = false };
	p->concluded = NOASSERTION;
	p->declared = NOASSERTION;
	p->copyright = NOASSERTION;
	p->comment = oci_arena_printf(arena, "%zu of its files %s in the image%s%s", kept,
				      kept == 1 ? "is" : "are",
				      package->licence ? "; licence by its record: " : "",
				      package->licence ? package->licence : "");
	p->refs = oci_arena_alloc(arena, sizeof(*p->refs));
	if (!p->id || !p->supplier || !p->comment || !p->refs)
		return false;
	p->refs_len = 1;
	p->refs->category = (char *)"PACKAGE-MANAGER";
	p->refs->type = (char *)"purl";
	p->refs->locator = purl(arena, package, bill->distribution);
	return p->refs->locator && relate(bill, IMAGE_ID, "CONTAINS", p->id);
}

static bool fill_head(struct bill *bill)
{
	struct oci_arena *arena = &bill->arena;
	char hex[DIGEST_HEX_LENGTH + 1], created[32];
	time_t seconds = (time_t)bill->image->created;
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) ||
	    strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return false;
	bill->document.version = (char *)"SPDX-2.3";
	bill->document.licence = (char *)"CC0-1.0";
	bill->document.id = (char *)"SPDXRef-DOCUMENT";
	bill->document.name = (char *)(bill->image->name ? bill->image->name : "image");
	bill->document.namespace =
		oci_arena_printf(arena, "https://spdx.org/spdxdocs/cartefile-to-oci/sha256-%s",
				 digest_hex(&bill->image->manifest, hex));
	bill->creation.created = oci_arena_strdup(arena, created);
	bill->creation.creators = oci_arena_array(arena, 2, sizeof(char *));
	if (!bill->document.namespace || !bill->creation.created || !bill->creation.creators)
		return false;
	bill->creation.creators[0] = (char *)"Tool: cartefile-to-oci-" PACKAGE_VERSION;
	bill->creation.creators_len = 1;
	bill->document.creation = &bill->creation;
	return true;
}

static int fill(struct bill *bill, struct oci_error *err)
{
	struct package_list list;
	bool fits;
	int e;

	e = packages_read(bill->tree, bill->image->sysroot, &bill->arena, &list, err);
	if (e < 0)
		return e;
	bill->distribution = packages_distribution(bill->tree, bill->image->sysroot, &bill->arena);
	bill->document.packages =
		oci_arena_array(&bill->arena, list.len + 1, sizeof(struct spdx_package));
	bill->document.relations =
		oci_arena_array(&bill->arena, list.len + 1, sizeof(struct spdx_relation));
	fits = bill->document.packages && bill->document.relations && fill_head(bill) &&
	       add_image(bill);
	for (size_t i = 0; fits && i < list.len; i++) {
		size_t kept = count_kept(&list.packages[i]);

		if (kept > 0)
			fits = add_package(bill, &list.packages[i], kept);
	}
	return fits ? 0 : err_nomem(err);
}

int sbom_write(const struct tree *tree, const struct sbom_image *image, char **ret_text,
	       size_t *ret_length, struct oci_error *err)
{
	struct bill bill = { .tree = tree, .image = image, .arena = OCI_ARENA_INIT };
	int e;

	e = fill(&bill, err);
	if (e == 0)
		e = oci_table_emit(&spdx_table, &bill.document, OCI_EMIT_INDENT, ret_text,
				   ret_length, err);
	oci_arena_free(&bill.arena);
	return e;
}
