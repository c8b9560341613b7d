/* Expressions: values against such as were worked out by hand, a generated comparison with a plain recursive evaluator, what is
 * refused and where, and the limits. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "view/expression/expression.h"

#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define SAMPLES 8

/* Bands a to d hold these; `dark` is band d times 0.5, minus 1; `half` is a constant, `twice` the text "a + a". */
static const float samples[4][SAMPLES] = {
    {1, 2, -3, 0, 0.5F, 100, NAN, 7},
    {4, -2, 3, 0, 0.25F, 1e30F, 1, 7},
    {0, 1, 2, 3, 4, 5, 6, NAN},
    {10, 20, 30, 40, 50, 60, 70, 80},
};

static struct expression_name find(const void *with, const char *name) {
    (void)with;
    if (strlen(name) == 1 && *name >= 'a' && *name <= 'd')
        return (struct expression_name){.kind = EXPRESSION_BAND, .number = *name - 'a', .scale = 1};
    if (strcmp(name, "dark") == 0)
        return (struct expression_name){.kind = EXPRESSION_BAND, .number = 3, .scale = 0.5, .offset = -1};
    if (strcmp(name, "odd-name.1") == 0) return (struct expression_name){.kind = EXPRESSION_BAND, .number = 3, .scale = 1};
    if (strcmp(name, "half") == 0) return (struct expression_name){.kind = EXPRESSION_VALUE, .value = 0.5};
    if (strcmp(name, "twice") == 0) return (struct expression_name){.kind = EXPRESSION_TEXT, .text = "a + a"};
    if (strcmp(name, "broken") == 0) return (struct expression_name){.kind = EXPRESSION_TEXT, .text = "a + missing"};
    if (strcmp(name, "endless") == 0) return (struct expression_name){.kind = EXPRESSION_TEXT, .text = "1 + endless"};
    if (name[0] == 'x' && name[1] >= '0' && name[1] <= '9') /* as many bands as one likes */
        return (struct expression_name){.kind = EXPRESSION_BAND, .number = 100 + atoi(name + 1), .scale = 1};
    return (struct expression_name){0};
}

static const struct expression_names names = {find, NULL};

static void run(const struct expression *e, float out[SAMPLES]) {
    const float *planes[EXPRESSION_BANDS] = {0};
    for (int i = 0; i < e->nbands; i++) {
        assert_in_range(e->bands[i], 0, 3);
        planes[i] = samples[e->bands[i]];
    }
    assert_int_equal(expression_run(e, planes, out, SAMPLES), 0);
}

static void expect(const char *text, const float expected[SAMPLES]) {
    struct scope s;
    const struct expression *e;
    struct expression_fault fault;
    float out[SAMPLES];
    scope_init(&s, "test", 0);
    if (expression_compile(&s, text, &names, &e, &fault)) fail_msg("%s: %s", text, expression_explain(&s, text, &fault));
    run(e, out);
    for (int i = 0; i < SAMPLES; i++) {
        float allowed = 2e-6F * fabsf(expected[i]);
        bool same = isnan(expected[i]) ? isnan(out[i]) : fabsf(out[i] - expected[i]) <= allowed;
        if (!same) fail_msg("%s of pixel %d is %g, not %g", text, i, (double)out[i], (double)expected[i]);
    }
    scope_end(&s);
}

#define EXPECT(TEXT, ...) expect(TEXT, (const float[SAMPLES]){__VA_ARGS__})
#define EVERY(TEXT, VALUE) EXPECT(TEXT " + 0 * d", VALUE, VALUE, VALUE, VALUE, VALUE, VALUE, VALUE, VALUE)

static void test_values(void **state) {
    (void)state;
    EXPECT("a", 1, 2, -3, 0, 0.5F, 100, NAN, 7);
    EXPECT("a + b", 5, 0, 0, 0, 0.75F, 1e30F, NAN, 14);
    EXPECT("(b - a) / (b + a)", 0.6F, NAN, NAN, NAN, -1 / 3.0F, 1, NAN, 0);
    EXPECT("1 / exp(c * 1e9)", 1, 0, 0, 0, 0, 0, 0, NAN);
    EXPECT("c ^ -1.5", NAN, 1, 0.35355339F, 0.19245009F, 0.125F, 0.08944272F, 0.06804138F, NAN);
    EXPECT("a / c", NAN, 2, -1.5F, 0, 0.125F, 20, NAN, NAN);
    EXPECT("1 / (1 / c)", NAN, 1, 2, 3, 4, 5, 6, NAN); /* not 1 / infinity */
    EXPECT("-a ^ 2", -1, -4, -9, 0, -0.25F, -10000, NAN, -49);
    EXPECT("(-a) ^ 2", 1, 4, 9, 0, 0.25F, 10000, NAN, 49);
    EXPECT("a ** -1", 1, 0.5F, -1 / 3.0F, NAN, 2, 0.01F, NAN, 1 / 7.0F);
    EXPECT("c ^ a", 0, 1, 0.125F, 1, 2, NAN, NAN, NAN); /* 5 ^ 100 is too large */
    EXPECT("a ^ 0.5", 1, 1.41421356F, NAN, 0, 0.70710678F, 10, NAN, 2.64575131F);
    EXPECT("a ^ 3", 1, 8, -27, 0, 0.125F, 1e6F, NAN, 343);
    EXPECT("a ^ 1.5", 1, 2.82842712F, NAN, 0, 0.35355339F, 1000, NAN, 18.52025917F);
    EXPECT("1 ^ a", 1, 1, 1, 1, 1, 1, NAN, 1);
    EXPECT("sqrt(a)", 1, 1.41421356F, NAN, 0, 0.70710678F, 10, NAN, 2.64575131F);
    EXPECT("log10(c)", NAN, 0, 0.30103F, 0.47712125F, 0.60205999F, 0.69897F, 0.77815125F, NAN);
    EXPECT("log(a)", 0, 0.69314718F, NAN, NAN, -0.69314718F, 4.60517019F, NAN, 1.94591015F);
    EXPECT("exp(a)", 2.71828183F, 7.3890561F, 0.04978707F, 1, 1.64872127F, NAN, NAN, 1096.63316F); /* exp(100) is too large */
    EXPECT("asin(a)", 1.57079633F, NAN, NAN, 0, 0.52359878F, NAN, NAN, NAN);
    EXPECT("b * b", 16, 4, 9, 0, 0.0625F, NAN, 1, 49);
    EXPECT("min(a, b)", 1, -2, -3, 0, 0.25F, 100, NAN, 7);
    EXPECT("min(b, a)", 1, -2, -3, 0, 0.25F, 100, NAN, 7);
    EXPECT("max(a, b, c)", 4, 2, 3, 3, 4, 1e30F, NAN, NAN);
    EXPECT("clamp(a, 0, 2)", 1, 2, 0, 0, 0.5F, 2, NAN, 2);
    EXPECT("abs(a)", 1, 2, 3, 0, 0.5F, 100, NAN, 7);
    EXPECT("sign(a)", 1, 1, -1, 0, 1, 1, NAN, 1);
    EXPECT("floor(a / 2)", 0, 1, -2, 0, 0, 50, NAN, 3);
    EXPECT("ceil(a / 2)", 1, 1, -1, 0, 1, 50, NAN, 4);
    EXPECT("round(a / 2)", 1, 1, -2, 0, 0, 50, NAN, 4);
    EXPECT("a > b", 0, 1, 0, 0, 1, 0, NAN, 0);
    EXPECT("a >= b", 0, 1, 0, 1, 1, 0, NAN, 1);
    EXPECT("a == b", 0, 0, 0, 1, 0, 0, NAN, 1);
    EXPECT("a != b", 1, 1, 1, 0, 1, 1, NAN, 0);
    EXPECT("a > 0 and c > 1", 0, 0, 0, 0, 1, 1, NAN, NAN);
    EXPECT("a > 0 || c > 1", 1, 1, 1, 1, 1, 1, NAN, NAN);
    EXPECT("not a > b", 1, 0, 1, 1, 0, 1, NAN, 1);
    EXPECT("!c", 1, 0, 0, 0, 0, 0, 0, NAN);
    EXPECT("a > 0 ? c : -1", 0, 1, -1, -1, 4, 5, NAN, NAN);
    EXPECT("where(c > 2, c > 4 ? 2 : 1, 0)", 0, 0, 0, 1, 1, 2, 2, NAN);
    EXPECT("if(a > 0, a, nodata)", 1, 2, NAN, NAN, 0.5F, 100, NAN, 7);
    EXPECT("c == 0 ? 5 : a / c", 5, 2, -1.5F, 0, 0.125F, 20, NAN, NAN); /* the branch not taken does no harm */
    EXPECT("coalesce(a / c, b, -1)", 4, 2, -1.5F, 0, 0.125F, 20, 1, 7);
    EXPECT("valid(a / c)", 0, 1, 1, 1, 1, 1, 0, 0);
    EXPECT("dark", 4, 9, 14, 19, 24, 29, 34, 39);
    EXPECT("\"odd-name.1\" - d", 0, 0, 0, 0, 0, 0, 0, 0);
    EXPECT("twice * half", 1, 2, -3, 0, 0.5F, 100, NAN, 7); /* (a + a) * half */
    EXPECT(" \t\n a\r", 1, 2, -3, 0, 0.5F, 100, NAN, 7);
    EVERY("1 + 2 * 3 - 4 / 8", 6.5F);
    EVERY("2 ^ 3 ^ 2", 512);
    EVERY("-2 ^ 2", -4);
    EVERY("2 ^ -1", 0.5F);
    EVERY("8 - 4 - 2", 2);
    EVERY("pi", 3.14159265F);
    EVERY("e", 2.71828183F);
    EVERY("cos(pi) + sin(0) + tan(0)", -1);
    EVERY("atan2(1, 1) * 4", 3.14159265F);
    EVERY("1e3 + .5 + 2. + 1.5E-1", 1002.65F);
}

/* ---- a generated comparison ---- */

static unsigned seed = 20240117;

static int roll(int sides) {
    seed = seed * 1103515245U + 12345U;
    return (int)((seed >> 16) % (unsigned)sides);
}

struct text {
    char data[4000];
    size_t len;
};

static void put(struct text *t, const char *word) {
    size_t len = strlen(word);
    assert_true(t->len + len < sizeof t->data);
    memcpy(t->data + t->len, word, len + 1);
    t->len += len;
}

/* Writes a random expression with all its brackets, and evaluates it for all pixels on the way. */
static void generate(struct text *t, int depth, float out[SAMPLES]) {
    static const char *const binary[] = {"+", "-", "*", "/", "<", "<=", "==", "!=", "and", "or", "^"};
    static const char *const single[] = {"-", "abs", "sqrt", "log", "floor", "not "};
    float x[SAMPLES], y[SAMPLES], z[SAMPLES];
    int kind = depth == 0 ? roll(2) : roll(7);
    if (kind == 0) {
        int band = roll(4);
        put(t, (const char[]){(char)('a' + band), '\0'});
        memcpy(out, samples[band], sizeof samples[band]);
    } else if (kind == 1) {
        static const char *const numbers[] = {"0", "1", "2", "0.5", "3", "10"};
        int n = roll(6);
        put(t, numbers[n]);
        for (int i = 0; i < SAMPLES; i++) out[i] = strtof(numbers[n], NULL);
    } else if (kind == 2) {
        int op = roll(6);
        put(t, "(");
        put(t, single[op]);
        put(t, "(");
        generate(t, depth - 1, x);
        put(t, "))");
        for (int i = 0; i < SAMPLES; i++) {
            float results[] = {-x[i], fabsf(x[i]), sqrtf(x[i]), x[i] > 0 ? logf(x[i]) : NAN, floorf(x[i]), x[i] == 0};
            out[i] = isnan(x[i]) ? NAN : results[op];
        }
    } else if (kind == 3) {
        put(t, "where(");
        generate(t, depth - 1, x);
        put(t, ",");
        generate(t, depth - 1, y);
        put(t, ",");
        generate(t, depth - 1, z);
        put(t, ")");
        for (int i = 0; i < SAMPLES; i++) out[i] = isnan(x[i]) ? NAN : x[i] != 0 ? y[i] : z[i];
    } else {
        int op = roll(11);
        put(t, "(");
        generate(t, depth - 1, x);
        put(t, " ");
        put(t, binary[op]);
        put(t, " ");
        generate(t, depth - 1, y);
        put(t, ")");
        for (int i = 0; i < SAMPLES; i++) {
            float p = x[i], q = y[i];
            float power = powf(p, q);
            float results[] = {p + q,
                               p - q,
                               p * q,
                               q == 0 ? NAN : p / q,
                               p < q,
                               p <= q,
                               p == q,
                               p != q,
                               p != 0 && q != 0,
                               p != 0 || q != 0,
                               p == 0 && q < 0 ? NAN : power};
            out[i] = isnan(p) || isnan(q) ? NAN : results[op];
        }
    }
}

static void test_like_a_plain_evaluator(void **state) {
    (void)state;
    int compared = 0;
    for (int round = 0; round < 3000; round++) {
        struct text t = {0};
        struct scope s;
        const struct expression *e;
        struct expression_fault fault;
        float expected[SAMPLES], out[SAMPLES];
        generate(&t, 1 + roll(5), expected);
        scope_init(&s, "test", 0);
        int err = t.len > EXPRESSION_LENGTH ? NADIR_EINVAL : expression_compile(&s, t.data, &names, &e, &fault);
        if (err && t.len <= EXPRESSION_LENGTH) fail_msg("%s: %s", t.data, expression_explain(&s, t.data, &fault));
        for (int i = 0; !err && i < SAMPLES; i++) {
            if (i == 0) run(e, out);
            bool there = fabsf(expected[i]) <= FLT_MAX;
            /* Small whole powers are products here, which may differ in the last bits, and 1 / x ^ -1 is no power. */
            bool same = there ? fabsf(out[i] - expected[i]) <= 1e-4F * fabsf(expected[i]) : isnan(out[i]);
            if (!same) fail_msg("%s of pixel %d is %.9g, not %.9g", t.data, i, (double)out[i], (double)expected[i]);
            compared++;
        }
        scope_end(&s);
    }
    assert_true(compared > 20000);
}

/* Blocks: any number of pixels, each once. */
static void test_any_number_of_pixels(void **state) {
    (void)state;
    static const size_t counts[] = {0, 1, 511, 512, 513, 1024, 5000};
    struct scope s;
    const struct expression *e;
    struct expression_fault fault;
    scope_init(&s, "test", 0);
    assert_int_equal(expression_compile(&s, "(a - b) * 2 + a / b", &names, &e, &fault), 0);
    for (size_t k = 0; k < COUNT(counts); k++) {
        size_t n = counts[k];
        float *a = malloc((n + 1) * sizeof *a);
        float *b = malloc((n + 1) * sizeof *b);
        float *out = malloc((n + 1) * sizeof *out);
        assert_true(a && b && out);
        for (size_t i = 0; i < n; i++) {
            a[i] = (float)i;
            b[i] = (float)(i % 7);
        }
        out[n] = 12345;
        assert_int_equal(expression_run(e, (const float *[]){a, b}, out, n), 0);
        for (size_t i = 0; i < n; i++)
            assert_true(i % 7 == 0 ? isnan(out[i]) : fabsf(out[i] - ((a[i] - b[i]) * 2 + a[i] / b[i])) <= 1e-3F);
        assert_true(out[n] == 12345);
        free(a);
        free(b);
        free(out);
    }
    scope_end(&s);
}

static void test_nothing_is_computed_twice(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int steps, constants, bands;
    } cases[] = {
        {"(a - b) / (a + b)", 3, 0, 2},
        {"(a + b) * (b + a)", 2, 0, 2},
        {"a * (2 + 3 * 4 - sqrt(16))", 1, 1, 1},
        {"where(1 > 2, a, b) + 0 * 5", 1, 1, 1},
        {"a ^ 4", 2, 0, 1},
        {"dark + dark", 3, 2, 1},
        {"a", 1, 0, 1},
        {"1 + 1", 1, 1, 0},
        {"sqrt(a + b) / (1 + sqrt(b + a))", 4, 1, 2},
    };
    struct scope s;
    scope_init(&s, "test", 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct expression *e;
        struct expression_fault fault;
        assert_int_equal(expression_compile(&s, cases[i].text, &names, &e, &fault), 0);
        if (e->nsteps != cases[i].steps || e->nconstants != cases[i].constants || e->nbands != cases[i].bands)
            fail_msg("%s: %d steps, %d constants, %d bands", cases[i].text, e->nsteps, e->nconstants, e->nbands);
    }
    scope_end(&s);
}

static void test_refusals_point_at_the_character(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t at;
        const char *why;
    } cases[] = {
        {"", 0, "a value is missing before the end"},
        {"   ", 3, "a value is missing before the end"},
        {"a +", 3, "a value is missing before the end"},
        {"a + * b", 4, "a value is missing here"},
        {"(a + b", 0, "this bracket is not closed"},
        {"a + b)", 5, "an operator is missing here"},
        {"a b", 2, "an operator is missing here"},
        {"a + blue", 4, "there is no band or constant \"blue\""},
        {"a + sinus(b)", 4, "there is no function \"sinus\""},
        {"min(a)", 0, "min takes 2 arguments or more"},
        {"pow(a)", 0, "pow takes 2 arguments"},
        {"sqrt(a, b)", 8, "this function takes no more arguments"},
        {"sqrt()", 5, "a value is missing here"},
        {"clamp(a, 1, 2", 13, "a comma or a bracket is missing before the end"},
        {"a = b", 2, "compare with =="},
        {"a & b", 2, "this character has no meaning here"},
        {"a ; b", 2, "this character has no meaning here"},
        {"a < b < c", 6, "comparisons cannot be chained: join them with \"and\""},
        {"a ? b", 5, "the other value, after a colon, is missing before the end"},
        {"\"a", 0, "this quote is not closed"},
        {"\"\"", 0, "a name has 1 to 64 characters"},
        {"1.2.3", 0, "this is no number; a name that begins so needs double quotes"},
        {"8A + a", 0, "this is no number; a name that begins so needs double quotes"},
        {"0x10", 0, "this is no number; a name that begins so needs double quotes"},
        {". + a", 0, "this point has no digits"},
        {"a + 1e99", 4, "this number is too large"},
        {"a + \xc3\xa9", 4, "this character has no meaning here"},
        {"2 * broken", 4, "there is no band or constant \"missing\""},
        {"a + endless", 4, "the expression is nested too deeply"},
        {"x0+x1+x2+x3+x4+x5+x6+x7+x8", 24, "an expression may use at most 8 bands"},
    };
    struct scope s;
    scope_init(&s, "test", 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct expression *e = NULL;
        struct expression_fault fault;
        int err = expression_compile(&s, cases[i].text, &names, &e, &fault);
        if (err != NADIR_EINVAL || fault.at != cases[i].at || strcmp(fault.why, cases[i].why) != 0)
            fail_msg("%s: %d, \"%s\" at %zu", cases[i].text, err, err ? fault.why : "", fault.at);
    }
    struct expression_fault fault = {6, "wrong"};
    assert_string_equal(expression_explain(&s, "\xc3\xa9 + b * c", &fault), "At character 6: wrong.\n\xc3\xa9 + b * c\n     ^");
    scope_end(&s);
}

static int compile(struct scope *s, const char *text, struct expression_fault *fault) {
    const struct expression *e;
    return expression_compile(s, text, &names, &e, fault);
}

/* count times the unit, then the end. */
static const char *repeated(struct scope *s, const char *unit, int count, const char *end) {
    size_t len = strlen(unit);
    char *text = scope_alloc(s, len * (size_t)count + strlen(end) + 1);
    for (int i = 0; i < count; i++) memcpy(text + len * (size_t)i, unit, len);
    memcpy(text + len * (size_t)count, end, strlen(end) + 1);
    return text;
}

static void test_limits(void **state) {
    (void)state;
    struct scope s;
    struct expression_fault fault;
    scope_init(&s, "test", 0);
    assert_int_equal(compile(&s, repeated(&s, " ", EXPRESSION_LENGTH - 1, "a"), &fault), 0);
    assert_int_equal(compile(&s, repeated(&s, " ", EXPRESSION_LENGTH, "a"), &fault), NADIR_EINVAL);
    assert_int_equal(fault.at, EXPRESSION_LENGTH);
    for (int kind = 0; kind < 5; kind++) {
        static const char *const units[] = {"(", "-", "sqrt(", "2^", "a?a:"};
        assert_int_equal(compile(&s, repeated(&s, units[kind], 300, "a"), &fault), NADIR_EINVAL);
        assert_string_equal(fault.why, "the expression is nested too deeply");
        assert_in_range(fault.at, 1, 64 * strlen(units[kind]));
    }
    assert_int_equal(compile(&s, repeated(&s, "-", 40, "a"), &fault), 0);
    const char *many = "a";
    for (int i = 0; i < 180; i++) many = scope_printf(&s, "%s+%d.5*a", many, i % 60);
    assert_int_equal(compile(&s, many, &fault), 0);
    for (int i = 0; i < 60; i++) many = scope_printf(&s, "%s/%c", many, 'a' + i % 4);
    assert_int_equal(compile(&s, many, &fault), NADIR_EINVAL);
    assert_string_equal(fault.why, "the expression has more than 256 operations");
    many = "a";
    for (int i = 0; i < 70; i++) many = scope_printf(&s, "%s*%d", many, i + 5);
    assert_int_equal(compile(&s, many, &fault), NADIR_EINVAL);
    assert_string_equal(fault.why, "the expression has more than 64 different constants");
    /* What is folded away costs nothing. */
    assert_int_equal(compile(&s, repeated(&s, "1+", 900, "a"), &fault), 0);
    scope_end(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_like_a_plain_evaluator),
        cmocka_unit_test(test_any_number_of_pixels),
        cmocka_unit_test(test_nothing_is_computed_twice),
        cmocka_unit_test(test_refusals_point_at_the_character),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
