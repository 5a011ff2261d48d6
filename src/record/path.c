// SPDX-License-Identifier: Apache-2.0
/*
 * The mask of paths. A path is cut into segments, a segment into its name and its parameters
 * (RFC 3986 §3.3: /name;key=value/); ids, tokens and addresses are replaced by what they are,
 * values of parameters by MASK_TEXT, and ordinary words stay, so that paths of one route become
 * alike.
 */
#include "record/mask.h"

/* Behind an id these tell what is served, and nothing of a person. */
static const char *const extensions[] = {
	"json", "xml", "html", "htm",  "txt", "csv", "pdf", "png",  "jpg",  "jpeg",  "gif", "svg",
	"webp", "ico", "js",   "mjs",  "css", "map", "ts",  "wasm", "woff", "woff2", "ttf", "zip",
	"gz",   "tgz", "tar",  "zst",  "mp3", "mp4", "bin", "m3u8", "yaml", "yml",   "md",  "php",
	"jsp",  "asp", "aspx", "pcap", "log", "sig", "asc", "deb",  "rpm",  "pem",
};

/* The extension with its dot, or an empty string. */
static struct str extension_of(struct str s)
{
	size_t dot = s.n;

	while (dot > 0 && s.p[dot - 1] != '.')
		dot--;
	if (dot < 2)
		return (struct str){ NULL, 0 };
	for (size_t i = 0; i < ARRAY_LEN(extensions); i++)
		if (str_eq_nocase(str_skip(s, dot), str_of(extensions[i])))
			return str_skip(s, dot - 1);
	return (struct str){ NULL, 0 };
}

/* What is left of a name that was replaced: its extension, except behind an address. */
static void replace_name(struct str name, struct str with, struct mask_out *o)
{
	mask_replace(o, with);
	if (!str_eq(with, STR("{email}")))
		mask_put(o, extension_of(name));
}

/* The padding of base64 is no value. */
static bool is_padding(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '=')
			return false;
	return true;
}

/* key=value: a value of unknown meaning is masked. */
static void mask_assignment(struct str key, struct str value, bool parameter, struct mask_out *o)
{
	struct str looks = mask_looks(key);

	if (is_padding(value) && (!parameter || value.n)) {
		mask_replace(o, STR("{token}"));
		return;
	}
	if (looks.n)
		mask_replace(o, looks);
	else
		mask_put(o, key);
	mask_put_char(o, '=');
	if (value.n)
		mask_replace(o, STR(MASK_TEXT));
}

/* 1.json: too few digits for an id in a name, but all of the name. */
static bool is_number_file(struct str name)
{
	size_t n = 0;

	while (n < name.n && name.p[n] >= '0' && name.p[n] <= '9')
		n++;
	return n > 0 && extension_of(name).n == name.n - n;
}

/* A segment up to its parameters, or one of these. */
static void mask_name(struct str name, bool parameter, struct mask_out *o)
{
	struct str looks = mask_looks(name), key, value = name;

	if (looks.n == 0 && is_number_file(name))
		looks = STR("{id}");
	if (looks.n) {
		replace_name(name, looks, o);
		return;
	}
	if (str_cut(&value, '=', &key))
		mask_assignment(key, value, parameter, o);
	else
		mask_put(o, name);
}

static size_t segment_end(struct str s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '/' && s.p[n] != ';')
		n++;
	return n;
}

void mask_path_to(struct str path, struct mask_out *o)
{
	bool parameter = false;

	while (!o->full) {
		size_t n = segment_end(path);

		if (n)
			mask_name(str_head(path, n), parameter, o);
		if (n == path.n)
			break;
		parameter = path.p[n] == ';';
		mask_put_char(o, path.p[n]);
		path = str_skip(path, n + 1);
	}
}
