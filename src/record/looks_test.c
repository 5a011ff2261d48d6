// SPDX-License-Identifier: Apache-2.0
/*
 * What pieces of paths look like, in numbers: ordinary words all stay, random text hardly ever
 * does, and characters that only resemble letters and digits are not taken for words.
 */
#include "t.h"

#include "record/mask.h"

/* Words of REST, Kubernetes and the web, as they stand in paths. */
static const char *const ordinary[] = {
	"account",
	"accounts",
	"actuator",
	"addresses",
	"admin",
	"administration",
	"admissionregistration.k8s.io",
	"alertmanagers",
	"alerts",
	"analytics",
	"announcements",
	"apiextensions.k8s.io",
	"apis",
	"apiservices",
	"app",
	"application-settings",
	"applications",
	"apps",
	"article",
	"artifacts",
	"assets",
	"attachments",
	"audit-logs",
	"auth",
	"authentication",
	"authorization",
	"authorize",
	"autocomplete",
	"autoscaling",
	"avatar",
	"backups",
	"balances",
	"batch",
	"benachrichtigungen",
	"billing",
	"blobs",
	"bookmarks",
	"branches",
	"buckets",
	"bulk-import",
	"bundle",
	"calendar",
	"callback",
	"campaigns",
	"cancellation",
	"capabilities",
	"catalog",
	"categories",
	"certificaterequests",
	"certificatesigningrequests",
	"changelog",
	"changePassword",
	"channels",
	"checkout",
	"checkoutSession",
	"clusterissuers",
	"clusterrolebindings",
	"clusterroles",
	"collections",
	"comments",
	"commits",
	"compare",
	"componentstatuses",
	"configmaps",
	"configuration",
	"confirmations",
	"contacts",
	"contributors",
	"controllerrevisions",
	"coordination.k8s.io",
	"coupons",
	"createOrUpdate",
	"cronjobs",
	"csidrivers",
	"csistoragecapacities",
	"currencies",
	"customers",
	"customresourcedefinitions",
	"daemonsets",
	"dashboard",
	"dashboards",
	"deployments",
	"descargas",
	"destinationrules",
	"devices",
	"diagnostics",
	"discovery.k8s.io",
	"documentation",
	"documents",
	"downloads",
	"einstellungen",
	"email-verification",
	"endpoints",
	"endpointslices",
	"environments",
	"errors",
	"estadisticas",
	"events",
	"exchange-rates",
	"exports",
	"externalsecrets",
	"favicon.ico",
	"feature-flags",
	"feedback",
	"files",
	"findByStatus",
	"flowschemas",
	"followers",
	"forgot-password",
	"fullchain",
	"fundamentals",
	"geschaeftsbedingungen",
	"getAccountDetails",
	"getUserById",
	"graphql",
	"groups",
	"healthcheck",
	"healthz",
	"highlights",
	"history",
	"horizontalpodautoscalers",
	"images",
	"impressum",
	"index.html",
	"infrastructure",
	"ingressclasses",
	"ingresses",
	"integrations",
	"internal",
	"inventory",
	"invitations",
	"invoices",
	"issues",
	"jobs",
	"jquery.min.js",
	"kubernetes-dashboard",
	"kubesystem",
	"labels",
	"languages",
	"leaderboard",
	"leases",
	"licenses",
	"limitranges",
	"listObjectsV2",
	"livez",
	"localsubjectaccessreviews",
	"locations",
	"login",
	"logout",
	"manifests",
	"marketplace",
	"measurements",
	"memberships",
	"merge_requests",
	"messages",
	"metadata",
	"metrics",
	"metrics.k8s.io",
	"microservices",
	"migrations",
	"milestones",
	"monitoring.coreos.com",
	"mutatingwebhookconfigurations",
	"namespaces",
	"networking.k8s.io",
	"networkpolicies",
	"newsletter",
	"notifications",
	"observability",
	"openapi",
	"openid-connect",
	"organizations",
	"parametres",
	"participants",
	"passwordResetRequests",
	"payment-methods",
	"payments",
	"permissions",
	"persistentvolumeclaims",
	"persistentvolumes",
	"pipelines",
	"playlists",
	"poddisruptionbudgets",
	"pods",
	"podtemplates",
	"policies",
	"preferences",
	"prerequisites",
	"priorityclasses",
	"prioritylevelconfigurations",
	"privacy-policy",
	"products",
	"profiles",
	"projects",
	"prometheusrules",
	"promotions",
	"pull-requests",
	"query_range",
	"questions",
	"rbac.authorization.k8s.io",
	"readyz",
	"recommendations",
	"refunds",
	"registrations",
	"releases",
	"replicasets",
	"replicationcontrollers",
	"repositories",
	"reservations",
	"resourcequotas",
	"responsabilites",
	"rolebindings",
	"runtimeclasses",
	"schedules",
	"screenshots",
	"sealedsecrets",
	"search",
	"secrets",
	"selfsubjectaccessreviews",
	"serviceaccounts",
	"servicemonitors",
	"services",
	"sessions",
	"settings",
	"shipments",
	"shipping-methods",
	"shoppingCart",
	"sitemap.xml",
	"snapshots",
	"specifications",
	"statefulsets",
	"statistics",
	"storage.k8s.io",
	"storageclasses",
	"styles.css",
	"subjectaccessreviews",
	"subscriptions",
	"suggestions",
	"synchronization",
	"tags",
	"templates",
	"thumbnails",
	"timeseries",
	"tokenreviews",
	"tokens",
	"transactions",
	"translations",
	"troubleshooting",
	"uebersicht",
	"unsubscribe",
	"uploads",
	"userPreferences",
	"users",
	"v1beta1",
	"validatingwebhookconfigurations",
	"variables",
	"verwaltungsgebuehren",
	"virtualservices",
	"volumeattachments",
	"webhooks",
	"websockets",
	"wishlist",
	"workflows",
	"wp-admin",
	"xmlrpc.php",
};

TEST(ordinary_words_stay)
{
	assert_true(ARRAY_LEN(ordinary) >= 200);
	for (size_t i = 0; i < ARRAY_LEN(ordinary); i++)
		if (mask_looks(str_of(ordinary[i])).n)
			fail_msg("%s is taken for %.*s", ordinary[i],
				 STR_FMT(mask_looks(str_of(ordinary[i]))));
}

#define LOWER  "abcdefghijklmnopqrstuvwxyz"
#define UPPER  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* How many of a thousand random texts are taken for words. */
static unsigned shown_of_1000(const char *alphabet, size_t length)
{
	uint64_t dice = length;
	unsigned shown = 0;

	for (unsigned i = 0; i < 1000; i++) {
		char text[64];

		for (size_t k = 0; k < length; k++) {
			dice = hash_mix(dice + 1, 0x9e3779b97f4a7c15);
			text[k] = alphabet[dice % strlen(alphabet)];
		}
		shown += !mask_looks((struct str){ text, length }).n;
	}
	return shown;
}

TEST(random_text_is_hardly_ever_a_word)
{
	static const struct {
		const char *alphabet;
		size_t length;
		unsigned at_most;
	} rates[] = {
		{ LOWER UPPER DIGITS, 12, 60 },
		{ LOWER UPPER DIGITS, 15, 50 },
		{ LOWER UPPER DIGITS, 16, 10 },
		{ LOWER UPPER DIGITS, 22, 5 },
		{ LOWER UPPER DIGITS "-_", 15, 80 },
		{ LOWER UPPER DIGITS "-_", 16, 30 },
		{ LOWER UPPER DIGITS "-_", 22, 15 },
		{ LOWER UPPER DIGITS "-_", 32, 5 },
		{ LOWER DIGITS, 12, 60 },
		{ LOWER DIGITS, 16, 10 },
		{ UPPER "234567", 16, 10 },
		{ LOWER UPPER, 16, 20 },
		{ LOWER, 16, 80 },
		{ LOWER, 24, 40 },
		{ LOWER, 32, 30 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
		unsigned shown = shown_of_1000(rates[i].alphabet, rates[i].length);

		if (shown > rates[i].at_most)
			fail_msg("of %s, %zu long, %u of 1000 are shown", rates[i].alphabet,
				 rates[i].length, shown);
	}
}

TEST(letters_of_any_script_are_words_and_their_look_alikes_are_not)
{
	static const char *const words[] = {
		"stra\xc3\x9f"
		"e",
		"caf\x65\xcc\x81",
		"\xd0\xbf\xd0\xbe\xd0\xb8\xd1\x81\xd0\xba",
		"\xe7\x94\xa8\xe6\x88\xb7",
		"%E7%94%A8%E6%88%B7",
		"\xea\xb0\x80",
	};
	static const char *const others[] = {
		"\xef\xbc\x91\xef\xbc\x92\xef\xbc\x93", /* full-width digits */
		"alice\xef\xbc\xa0"
		"example", /* full-width @ */
		"alice%EF%BC%A0example",
		"\xd9\xa1\xd9\xa2\xd9\xa3",         /* Arabic digits */
		"\xe0\xa5\xa7\xe0\xa5\xa8",         /* Devanagari digits */
		"\xf0\x9d\x9f\x8f\xf0\x9d\x9f\x90", /* mathematical digits */
		"a\xe2\x80\xae"
		"b", /* an override of direction */
		"\xf0\x9f\x98\x80",
		"caf\xe9",
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (mask_looks(str_of(words[i])).n)
			fail_msg("%s is not taken for a word", words[i]);
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (!str_eq(mask_looks(str_of(others[i])), STR("{token}")))
			fail_msg("%s is taken for a word", others[i]);
}

TEST_MAIN
