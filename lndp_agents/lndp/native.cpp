// One step of life for many brains: the eight steps of program.py in one fused pass per brain, vectors along the
// receiving nodes. The eager path in Python is the reference. Sizes, switches, thresholds and the names of parameters
// come from a header that kernel_layout.py writes.
//
// Planes: a quantity with F features of all nodes is F rows of `Padded` floats. What stands beyond the N nodes does not
// matter, but weights are 0 there.
//
// Sums of parameters may overflow or be NaN: no index depends on them, and what a life keeps is always finite.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include <pthread.h>

#include "layout.h"

#if defined(__AVX__)
#include <immintrin.h>
#endif
#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define WIDE
#endif

namespace {

#if defined(WIDE)
constexpr int Lanes = 16;
#else
constexpr int Lanes = 8;
#endif

typedef float Vector __attribute__((vector_size(Lanes * 4)));
typedef int32_t Integers __attribute__((vector_size(Lanes * 4)));
typedef uint32_t Bits __attribute__((vector_size(Lanes * 4)));

constexpr int N = NODES, O = INPUT_NODES, M = ACTION_SIZE, Dh = NODE_FEATURES, De = EDGE_FEATURES;
constexpr int K = NETWORK_STEPS, Trace = K + 1, Layers = GRAPH_LAYERS, Heads = ATTENTION_HEADS;
constexpr int Query = QUERY_FEATURES, Value = VALUE_FEATURES, Decision = DECISION_FEATURES;
constexpr int Features = 5 + Trace + Dh, Pair = 2 * Dh + 2 * Trace + 1;
constexpr int Blocks = (N + Lanes - 1) / Lanes, Padded = Blocks * Lanes;
constexpr int Words = (N + 31) / 32;
constexpr int FirstOutput = N - M;

struct Genome {
    const float* at[ParameterCount];
    const float* operator[](Parameter p) const { return at[p]; }
};

struct Brain {  // pointers into the state of one life
    float *adjacency, *node_state, *edge_state, *trace, *activation;
    const float* edges(int d, int i) const { return edge_state + (d * N + i) * N; }
    float* edges(int d, int i) { return edge_state + (d * N + i) * N; }
};

struct Senses {  // observation and reward as they come: NaN counts as 0
    const float* observation;
    float reward;
    const float *uniform_prune, *uniform_grow;  // null where decisions are thresholded
};

inline float finite(float x) {
    constexpr float Largest = std::numeric_limits<float>::max();
    return x != x ? 0.0f : std::clamp(x, -Largest, Largest);
}

template <int F>
struct Planes {
    alignas(64) float row[F][Padded];
    float* operator[](int f) { return row[f]; }
    const float* operator[](int f) const { return row[f]; }
};

// Pairs are packed by groups of rows: so many at once stay in the fastest cache.
constexpr int GroupRows = std::max(1, 256 / Padded), GroupPairs = GroupRows * Padded + Lanes;

// The edges that exist in a group of rows, side by side.
struct Edges {
    alignas(64) float gate[3 * De][GroupPairs], state[De][GroupPairs], uniform[GroupPairs], pruned[GroupPairs];
};

struct Workspace {
    Planes<N> weights, attention[Heads];
    Edges edges;
    alignas(64) uint32_t present[Words][Padded];  // bit s of word k of node n: whether the edge n -> 32 k + s exists
    float share[Heads][N];
    Planes<Features> features;
    Planes<Dh> x, h;
    Planes<Trace> trace;
    Planes<Heads * Query> query, key;
    Planes<Heads * Value> value, message;
    Planes<3 * Dh> node_inputs, node_recurrent;
    Planes<3 * De> sender, receiver;
    Planes<Decision> grow_sender, grow_receiver;
    Planes<1> activation, drive;
};

// ---- Vectors ------------------------------------------------------------------------------------------------------

inline Vector broadcast(float x) { return Vector{} + x; }
inline Vector load(const float* p) { Vector v; std::memcpy(&v, p, sizeof v); return v; }
inline void store(float* p, Vector v) { std::memcpy(p, &v, sizeof v); }

// A block of a row of N floats, which ends within the last block; what is beyond reads as 0 and is not written.
inline Vector load_row(const float* row, int b) {
    if (b + Lanes <= N) return load(row + b);
    Vector v{};
    std::memcpy(&v, row + b, N % Lanes * sizeof(float));
    return v;
}
inline void store_row(float* row, int b, Vector v) {
    if (b + Lanes <= N) return store(row + b, v);
    std::memcpy(row + b, &v, N % Lanes * sizeof(float));
}

// The numbers of the nodes in a block.
struct Numbers {
    int32_t of[Lanes];
    constexpr Numbers() : of{} {
        for (int l = 0; l < Lanes; ++l) of[l] = l;
    }
};
constexpr Numbers LaneNumbers;
inline Integers nodes(int b) {
    Integers lanes;
    std::memcpy(&lanes, LaneNumbers.of, sizeof lanes);
    return lanes + b;
}

// Reductions over the lanes, by halves.
template <int L>
struct Halves {
    typedef float Whole __attribute__((vector_size(L * 4)));
    typedef float Half __attribute__((vector_size(L * 2)));
    Half low, high;
    explicit Halves(Whole v) { std::memcpy(static_cast<void*>(this), &v, sizeof v); }
};
template <int L = Lanes, class V>
inline float sum(V v) {
    if constexpr (L == 2) return v[0] + v[1];
    else { Halves<L> half(v); return sum<L / 2>(half.low + half.high); }
}
template <int L = Lanes, class V>
inline float largest(V v) {
    if constexpr (L == 2) return std::max(v[0], v[1]);
    else { Halves<L> half(v); return largest<L / 2>(half.low > half.high ? half.low : half.high); }
}

// What compilers do not find for themselves where NaN counts. For NaN `larger` gives b and `clamp` a finite number.
#if defined(WIDE)
inline Vector larger(Vector a, Vector b) { return Vector(_mm512_max_ps(__m512(a), __m512(b))); }
inline Vector clamp(Vector x, float limit) { return Vector(_mm512_range_ps(__m512(x), _mm512_set1_ps(limit), 2)); }
#elif defined(__AVX__)
inline Vector larger(Vector a, Vector b) { return Vector(_mm256_max_ps(__m256(a), __m256(b))); }
inline Vector clamp(Vector x, float limit) {
    return Vector(_mm256_min_ps(_mm256_max_ps(__m256(x), _mm256_set1_ps(-limit)), _mm256_set1_ps(limit)));
}
#else
inline Vector larger(Vector a, Vector b) { return a > b ? a : b; }
inline Vector clamp(Vector x, float limit) {
    x = larger(x, broadcast(-limit));
    return x < limit ? x : broadcast(limit);
}
#endif

// 1/x for 1 <= x <= 2^122.
#if defined(WIDE)
inline Vector inverse(Vector x) {
    Vector y = Vector(_mm512_rcp14_ps(__m512(x)));
    return y + y * (1.0f - x * y);  // Newton
}
#else
inline Vector inverse(Vector x) { return 1.0f / x; }
#endif

// 2^x for |x| <= 60 (clamped), relative error 2e-7: x = n + f with |f| <= 1/2, and 2^f is a minimax polynomial.
inline Vector power_of_two(Vector x) {
    const Vector magic = broadcast(12582912.0f);  // 1.5 * 2^23: the low bits of a sum with it are those of n
    x = clamp(x, 60.0f);
    Vector shifted = x + magic, f = x - (shifted - magic), y = broadcast(1.32647143e-3f);
    for (float c : {9.67151264e-3f, 5.55073377e-2f, 2.40222421e-1f, 6.93146978e-1f, 1.0f}) y = y * f + c;
    Bits exponent, bits;
    std::memcpy(&exponent, &shifted, sizeof shifted);
    std::memcpy(&bits, &y, sizeof y);
    bits += exponent << 23;
    std::memcpy(&y, &bits, sizeof y);
    return y;
}

constexpr float Log2E = 1.44269504f;
inline Vector exponential(Vector x) { return power_of_two(x * Log2E); }
inline Vector sigmoid(Vector x) { return inverse(1.0f + power_of_two(x * -Log2E)); }
inline Vector hyperbolic_tangent(Vector x) { return 1.0f - 2.0f * inverse(1.0f + power_of_two(x * (2 * Log2E))); }

// ---- Packing: the lanes that a mask selects (bit l for lane l) side by side, and back -----------------------------

typedef uint32_t Mask;
constexpr Mask AllLanes = (1u << Lanes) - 1;

#if defined(WIDE)
inline Mask positive(Vector x) { return _mm512_cmp_ps_mask(__m512(x), _mm512_setzero_ps(), _CMP_GT_OQ); }
inline Vector select(Mask mask, Vector a, Vector b) {
    return Vector(_mm512_mask_mov_ps(__m512(b), __mmask16(mask), __m512(a)));
}
inline Integers pack_order(Mask mask) {
    return Integers(_mm512_maskz_compress_epi32(__mmask16(mask), __m512i(nodes(0))));
}
inline Integers unpack_order(Mask mask) {
    return Integers(_mm512_maskz_expand_epi32(__mmask16(mask), __m512i(nodes(0))));
}
inline Vector permute(Vector x, Integers order) { return Vector(_mm512_permutexvar_ps(__m512i(order), __m512(x))); }
#else
struct Orders {
    int32_t pack[AllLanes + 1][Lanes], unpack[AllLanes + 1][Lanes];
    constexpr Orders() : pack{}, unpack{} {
        for (Mask mask = 0; mask <= AllLanes; ++mask)
            for (int l = 0, n = 0; l < Lanes; ++l)
                if (mask >> l & 1) {
                    unpack[mask][l] = n;
                    pack[mask][n++] = l;
                }
    }
};
constexpr Orders Order;

inline Integers load_integers(const int32_t* p) { Integers v; std::memcpy(&v, p, sizeof v); return v; }
inline Integers pack_order(Mask mask) { return load_integers(Order.pack[mask]); }
inline Integers unpack_order(Mask mask) { return load_integers(Order.unpack[mask]); }
inline Vector select(Mask mask, Vector a, Vector b) { return (Integers{} + int32_t(mask)) >> nodes(0) & 1 ? a : b; }
#if defined(__AVX2__)
inline Mask positive(Vector x) { return _mm256_movemask_ps(_mm256_cmp_ps(__m256(x), _mm256_setzero_ps(), _CMP_GT_OQ)); }
inline Vector permute(Vector x, Integers order) { return Vector(_mm256_permutevar8x32_ps(__m256(x), __m256i(order))); }
#else
inline Mask positive(Vector x) {
    Mask mask = 0;
    for (int l = 0; l < Lanes; ++l) mask |= Mask(x[l] > 0.0f) << l;
    return mask;
}
inline Vector permute(Vector x, Integers order) {
    Vector y;
    for (int l = 0; l < Lanes; ++l) y[l] = x[order[l]];
    return y;
}
#endif
#endif

// ---- Layers -------------------------------------------------------------------------------------------------------

// out[o] = bias[o] (or 0, or what it was) + sum over f of weight[o, f] in[f]; weight has `stride` columns.
template <bool Add = false, int Out, int In>
inline void linear(Planes<Out>& out, const Planes<In>& in, const float* weight, int stride,
                   const float* bias = nullptr) {
    for (int b = 0; b < Padded; b += Lanes) {
        Vector x[In];
        for (int f = 0; f < In; ++f) x[f] = load(&in[f][b]);
        for (int o = 0; o < Out; ++o) {
            Vector y = Add ? load(&out[o][b]) : broadcast(bias ? bias[o] : 0.0f);
            for (int f = 0; f < In; ++f) y += weight[o * stride + f] * x[f];
            store(&out[o][b], y);
        }
    }
}

// The next state of one feature of a gated cell; one division serves update gate and candidate.
inline Vector gated(Vector reset, Vector update, Vector candidate_input, Vector candidate_state, Vector state) {
    Vector a = 1.0f + power_of_two(update * -Log2E);
    Vector b = 1.0f + power_of_two((candidate_input + candidate_state * sigmoid(reset)) * (2 * Log2E));
    Vector share = inverse(a * b);
    Vector candidate = 1.0f - 2.0f * (a * share);
    return candidate + (b * share) * (state - candidate);
}

template <int F>
inline void read_planes(Planes<F>& planes, const float* rows) {
    for (int n = 0; n < N; ++n)
        for (int f = 0; f < F; ++f) planes[f][n] = rows[n * F + f];
}

template <int F>
inline void write_planes(const Planes<F>& planes, float* rows) {
    for (int n = 0; n < N; ++n)
        for (int f = 0; f < F; ++f) rows[n * F + f] = planes[f][n];
}

// ---- The steps ----------------------------------------------------------------------------------------------------

void collect_features(Workspace& w, const Brain& brain) {  // step 1
    for (int n = 0; n < N; ++n) {
        uint32_t words[Words]{};
        for (int b = 0; b < Padded; b += Lanes)
            words[b / 32] |= positive(load_row(brain.adjacency + n * N, b)) << b % 32;
        int degree = 0;
        for (int k = 0; k < Words; ++k) degree += __builtin_popcount(w.present[k][n] = words[k]);
        w.drive[0][n] = float(degree);
    }
    for (int b = 0; b < Padded; b += Lanes) {
        Vector out_degree = load(&w.drive[0][b]), in_degree{};
        for (int n = 0; n < N; ++n) in_degree += load_row(brain.adjacency + n * N, b);
        store(&w.features[0][b], out_degree * 0.1f);
        store(&w.features[1][b], in_degree * 0.1f);
        store(&w.features[2][b], (out_degree + in_degree) * 0.05f);
        store(&w.features[3][b], nodes(b) < O ? broadcast(1.0f) : Vector{});
        store(&w.features[4][b], nodes(b) >= FirstOutput ? broadcast(1.0f) : Vector{});
    }
    std::memcpy(w.features[5], w.trace[0], sizeof w.trace);
    std::memcpy(w.features[5 + Trace], w.h[0], sizeof w.h);
}

#if GRAPH_TRANSFORMER
// A_ji for the receivers j of a block.
inline Vector reciprocal(const Workspace& w, int i, int b) {
    Bits words;
    std::memcpy(&words, &w.present[i / 32][b], sizeof words);
    return __builtin_convertvector(Integers(words >> (i % 32) & 1), Vector);
}

inline void score_receivers(Workspace& w, const Genome& g, const Brain& brain, int i) {
    for (int b = 0; b < Padded; b += Lanes) {
        Vector edge[De + 2];
        for (int d = 0; d < De; ++d) edge[d] = load_row(brain.edges(d, i), b);
        edge[De] = load_row(brain.adjacency + i * N, b);
        edge[De + 1] = reciprocal(w, i, b);
        for (int head = 0; head < Heads; ++head) {
            const float* weight = g[AttentionEdgeWeight] + head * (De + 3);
            Vector similarity{}, gain = broadcast(g[AttentionEdgeBias][head]);
            if (b == i / Lanes * Lanes) gain = nodes(b) == i ? gain + weight[De + 2] : gain;
            for (int d = 0; d < De + 2; ++d) gain += weight[d] * edge[d];
            for (int d = head * Query; d < (head + 1) * Query; ++d) similarity += w.query[d][i] * load(&w.key[d][b]);
            Vector score = similarity * gain;
            if (N < b + Lanes) score = nodes(b) < N ? score : broadcast(-3.0e38f);
            store(&w.attention[head][i][b], score);
        }
    }
}

// Raise a row of scores to exponentials; returns by what they are to be multiplied.
inline float softmax(float* row) {
    Vector best = load(row), total{};
    for (int b = Lanes; b < Padded; b += Lanes) best = larger(best, load(row + b));
    float top = largest(best);
    for (int b = 0; b < Padded; b += Lanes) {
        Vector e = exponential(load(row + b) - top);
        store(row + b, e);
        total += e;
    }
    return 1.0f / sum(total);
}

void attend(Workspace& w, const Genome& g, const Brain& brain) {  // step 2, one layer
    linear(w.query, w.x, g[AttentionQueryWeight], Dh);
    linear(w.key, w.x, g[AttentionKeyWeight], Dh);
    linear(w.value, w.x, g[AttentionValueWeight], Dh);
    for (int d = 0; d < Heads * Query; ++d)
        for (int b = 0; b < Padded; b += Lanes)
            store(&w.query[d][b], load(&w.query[d][b]) * (1.0f / std::sqrt(float(Query))));
    for (int i = 0; i < N; ++i) {
        score_receivers(w, g, brain, i);
        for (int head = 0; head < Heads; ++head) w.share[head][i] = softmax(w.attention[head][i]);
    }
    for (int head = 0; head < Heads; ++head)
        for (int b = 0; b < Padded; b += Lanes) {
            Vector message[Value]{};
            for (int i = 0; i < N; ++i) {
                Vector share = load(&w.attention[head][i][b]) * w.share[head][i];
                for (int d = 0; d < Value; ++d) message[d] += w.value[head * Value + d][i] * share;
            }
            for (int d = 0; d < Value; ++d) store(&w.message[head * Value + d][b], message[d]);
        }
    linear(w.x, w.message, g[AttentionOutWeight], Heads * Value, g[AttentionOutBias]);
}
#endif

void update_nodes(Workspace& w, const Genome& g, const Brain& brain) {  // steps 1-3
    collect_features(w, brain);
    linear(w.x, w.features, g[NodeInWeight], Features, g[NodeInBias]);
#if GRAPH_TRANSFORMER
    for (int layer = 0; layer < Layers; ++layer) attend(w, g, brain);
#else
    Planes<Dh> message;
    linear(message, w.x, g[MessageWeight], Dh, g[MessageBias]);
    w.x = message;
#endif
    linear(w.node_inputs, w.x, g[NodeGruWeightIh], Dh, g[NodeGruBias]);
    linear(w.node_recurrent, w.h, g[NodeGruWeightHh], Dh);
    for (int d = 0; d < Dh; ++d)
        for (int b = 0; b < Padded; b += Lanes) {
            Vector reset = load(&w.node_inputs[d][b]) + load(&w.node_recurrent[d][b]);
            Vector update = load(&w.node_inputs[Dh + d][b]) + load(&w.node_recurrent[Dh + d][b]);
            Vector candidate = load(&w.node_recurrent[2 * Dh + d][b]) + g[NodeGruCandidateBias][d];
            store(&w.h[d][b], gated(reset, update, load(&w.node_inputs[2 * Dh + d][b]), candidate, load(&w.h[d][b])));
        }
}

void prepare_pairs(Workspace& w, const Genome& g, float reward) {  // per-node shares of all linear maps of pairs
    const float* weight = g[EdgeGruWeightIh];  // columns: h_j, h_i, v_j, v_i, r
    float from_reward[3 * De];
    for (int gate = 0; gate < 3 * De; ++gate) from_reward[gate] = weight[gate * Pair + Pair - 1] * reward;
    linear(w.receiver, w.h, weight, Pair, g[EdgeGruBias]);
    linear(w.sender, w.h, weight + Dh, Pair, from_reward);
    linear<true>(w.receiver, w.trace, weight + 2 * Dh, Pair);
    linear<true>(w.sender, w.trace, weight + 2 * Dh + Trace, Pair);
#if SYNAPTOGENESIS
    linear(w.grow_receiver, w.h, g[Synaptogenesis0Weight], 2 * Dh, g[Synaptogenesis0Bias]);  // columns: h_j, h_i
    linear(w.grow_sender, w.h, g[Synaptogenesis0Weight] + Dh, 2 * Dh);
#endif
}

inline Mask decide(Vector logit, Vector uniform, bool sampled) {
    return sampled ? positive(sigmoid(logit) * STOCHASTIC_SCALE - uniform) : positive(logit - DECISION_LOGIT);
}

#if PRUNING
inline Vector prune_logit(const Genome& g, const Vector* edge) {
    Vector logit = broadcast(g[Pruning1Bias][0]);
    for (int k = 0; k < Decision; ++k) {
        Vector hidden = broadcast(g[Pruning0Bias][k]);
        for (int d = 0; d < De; ++d) hidden += g[Pruning0Weight][k * De + d] * edge[d];
        logit += g[Pruning1Weight][k] * larger(hidden, Vector{});
    }
    return logit;
}
#endif

#if SYNAPTOGENESIS
inline Vector grow_logit(const Workspace& w, const Genome& g, int i, int b) {
    Vector logit[2]{broadcast(g[Synaptogenesis1Bias][0]), Vector{}};
#pragma GCC unroll 16
    for (int k = 0; k < Decision; ++k) {
        Vector hidden = w.grow_sender[k][i] + load(&w.grow_receiver[k][b]);
        logit[k % 2] += g[Synaptogenesis1Weight][k] * larger(hidden, Vector{});
    }
    return logit[0] + logit[1];
}
#endif

inline void update_edges(const Genome& g, Vector* gate, Vector* edge) {  // step 4
    Vector candidate_state[De];
    for (int k = 0; k < 2 * De; ++k)
        for (int d = 0; d < De; ++d) gate[k] += g[EdgeGruWeightHh][k * De + d] * edge[d];
    for (int k = 0; k < De; ++k) {
        candidate_state[k] = broadcast(g[EdgeGruCandidateBias][k]);
        for (int d = 0; d < De; ++d) candidate_state[k] += g[EdgeGruWeightHh][(2 * De + k) * De + d] * edge[d];
    }
    for (int k = 0; k < De; ++k)
        edge[k] = gated(gate[k], gate[De + k], gate[2 * De + k], candidate_state[k], edge[k]);
}

inline Mask present_in(const Workspace& w, int i, int b) { return w.present[b / 32][i] >> b % 32 & AllLanes; }

// Bit l of [i < O][b / Lanes]: whether a sender of that kind may have an edge to receiver b + l, if it is another node.
struct Receivers {
    Mask of[2][Blocks];
    constexpr Receivers() : of{} {
        for (int is_input = 0; is_input < 2; ++is_input)
            for (int j = O; j < (is_input ? FirstOutput : N); ++j) of[is_input][j / Lanes] |= Mask(1) << j % Lanes;
    }
};
constexpr Receivers Allowed;

inline Mask allowed_in(int i, int b) {
    return Allowed.of[i < O][b / Lanes] & ~(i / Lanes == b / Lanes ? Mask(1) << i % Lanes : Mask(0));
}

// Gather what the edges of the rows from `first` to `last` need; returns their number.
inline int pack_edges(Workspace& w, const Brain& brain, const Senses& senses, int first, int last) {
    Edges& edges = w.edges;
    int count = 0;
    for (int i = first; i < last; ++i)
        for (int b = 0; b < Padded; b += Lanes) {
            Mask present = present_in(w, i, b);
            Integers order = pack_order(present);
            for (int k = 0; k < 3 * De; ++k)
                store(&edges.gate[k][count], w.sender[k][i] + permute(load(&w.receiver[k][b]), order));
            for (int d = 0; d < De; ++d)
                store(&edges.state[d][count], permute(load_row(brain.edges(d, i), b), order));
            if (senses.uniform_prune)
                store(&edges.uniform[count], permute(load_row(senses.uniform_prune + i * N, b), order));
            count += __builtin_popcount(present);
        }
    return count;
}

inline void live_edges(Edges& edges, const Genome& g, int count, bool sampled) {  // steps 4 and 6 of packed edges
    for (int e = 0; e < count; e += Lanes) {
        Vector gate[3 * De], edge[De];
        for (int k = 0; k < 3 * De; ++k) gate[k] = load(&edges.gate[k][e]);
        for (int d = 0; d < De; ++d) edge[d] = load(&edges.state[d][e]);
        update_edges(g, gate, edge);
        for (int d = 0; d < De; ++d) store(&edges.state[d][e], edge[d]);
#if PRUNING
        Mask pruned = decide(prune_logit(g, edge), load(&edges.uniform[e]), sampled);
        store(&edges.pruned[e], select(pruned, broadcast(1.0f), Vector{}));
#endif
    }
}

// `next` is the brain whose turn comes next: its edges are fetched into the cache meanwhile.
void rewire(Workspace& w, const Genome& g, Brain& brain, const Senses& senses, const Brain& next) {  // steps 4-6
    prepare_pairs(w, g, finite(senses.reward));
#if PRUNING
    const Vector newborn[De]{}, newborn_logit = prune_logit(g, newborn);
#endif
    for (int first = 0; first < FirstOutput; first += GroupRows) {
        int last = std::min(first + GroupRows, FirstOutput), begin = 0;
        live_edges(w.edges, g, pack_edges(w, brain, senses, first, last), senses.uniform_prune);
        for (int i = first; i < last; ++i) {
            for (int d = 0; d < De; ++d)
                for (int j = 0; j < N; j += 16) __builtin_prefetch(next.edges(d, i) + j);
            for (int b = 0; b < Padded; b += Lanes) {
                Mask present = present_in(w, i, b), allowed = allowed_in(i, b), future = present;
                Integers order = unpack_order(present);
                for (int d = 0; d < De; ++d) {
                    Vector edge = select(present, permute(load(&w.edges.state[d][begin]), order), Vector{});
                    store_row(brain.edges(d, i), b, edge);
                    if (d == 0) store(&w.weights[i][b], edge);
                }
#if SYNAPTOGENESIS
                if (Mask candidates = allowed & ~present) {
                    Vector uniform = senses.uniform_grow ? load_row(senses.uniform_grow + i * N, b) : Vector{};
                    Mask grown = decide(grow_logit(w, g, i, b), uniform, senses.uniform_grow) & candidates;
#if PRUNING
                    if (grown) {
                        uniform = senses.uniform_prune ? load_row(senses.uniform_prune + i * N, b) : Vector{};
                        grown &= ~decide(newborn_logit, uniform, senses.uniform_prune);
                    }
#endif
                    future |= grown;
                }
#endif
#if PRUNING
                future &= ~(positive(permute(load(&w.edges.pruned[begin]), order)) & present & allowed);
#endif
                store_row(brain.adjacency + i * N, b, select(future, broadcast(1.0f), Vector{}));
                begin += __builtin_popcount(present);
            }
        }
    }
}

void act(Workspace& w, const Brain& brain, const float* observation) {  // step 7
    float *a = w.activation[0], sensed[O];
    for (int o = 0; o < O; ++o) sensed[o] = finite(observation[o]);
    std::memcpy(a, brain.activation, N * sizeof(float));
    for (int t = 0; t < K; ++t) {
        std::memcpy(a, sensed, O * sizeof(float));
        for (int n = 0; n < N; ++n) brain.trace[n * Trace + t] = a[n];
        for (int b = 0; b < Padded; b += Lanes) {
            Vector drive = BIAS ? load(&w.h[0][b]) : Vector{};
            for (int i = 0; i < FirstOutput; ++i) drive += a[i] * load(&w.weights[i][b]);
            store(&w.drive[0][b], hyperbolic_tangent(drive));
        }
        w.activation = w.drive;
    }
    for (int n = 0; n < N; ++n) {
        brain.trace[n * Trace + K] = a[n];
        brain.activation[n] = RECURRENT ? a[n] : 0.0f;
    }
}

void live(Workspace& w, const Genome& g, Brain& brain, const Senses& senses, bool rewiring, const Brain& next) {
    read_planes(w.h, brain.node_state);
    if (rewiring) {
        read_planes(w.trace, brain.trace);
        update_nodes(w, g, brain);
        write_planes(w.h, brain.node_state);
        rewire(w, g, brain, senses, next);
    } else {
        for (int i = 0; i < FirstOutput; ++i)
            for (int b = 0; b < Padded; b += Lanes) store(&w.weights[i][b], load_row(brain.edges(0, i), b));
    }
    act(w, brain, senses.observation);
}

// ---- Threads ------------------------------------------------------------------------------------------------------

// Helpers that stay between calls: starting a thread for a few milliseconds of work costs as much as it saves. They
// watch for work for a while before they sleep, as the next step of life follows soon.
class Helpers {
public:
    // Run `work` in this thread and at most `count` helpers until it returns in all of them.
    void run(const std::function<void()>& work, int count) {
        std::unique_lock<std::mutex> caller(callers, std::try_to_lock);
        if (caller && count > 0) post(&work, count);
        work();
        if (!caller) return;  // another thread of the process has the helpers
        { std::lock_guard<std::mutex> lock(mutex); job = nullptr; }
        while (active.load(std::memory_order_acquire)) std::this_thread::yield();
    }

private:
    std::mutex callers, mutex;
    std::condition_variable posted;
    const std::function<void()>* job = nullptr;
    int helpers = 0, places = 0;
    std::atomic<int> active{0};
    std::atomic<uint64_t> jobs{0};

    void post(const std::function<void()>* work, int count) {
        {
            std::lock_guard<std::mutex> lock(mutex);
            job = work;
            places = count;
            ++jobs;
            try {
                for (; helpers < count; ++helpers) std::thread([this] { help(); }).detach();
            } catch (const std::system_error&) {  // no more threads to be had: those that run do the work
            }
        }
        posted.notify_all();
    }

    void help() {
        for (uint64_t seen = 0;;) {
            const auto bored = std::chrono::steady_clock::now() + std::chrono::milliseconds(1);
            while (jobs.load() == seen && std::chrono::steady_clock::now() < bored) std::this_thread::yield();
            std::unique_lock<std::mutex> lock(mutex);
            posted.wait(lock, [&] { return jobs.load() != seen; });
            seen = jobs.load();
            if (!job || places == 0) continue;
            --places;
            ++active;
            const auto* mine = job;
            lock.unlock();
            (*mine)();
            active.fetch_sub(1, std::memory_order_release);
        }
    }
};

// Never destroyed, as helpers sleep in it when the process ends. A forked child has none of them: it makes its own.
std::atomic<Helpers*> helpers{new Helpers};
const int at_fork = pthread_atfork(nullptr, nullptr, [] { helpers = new Helpers; });

// Do something for each row, `chunk` rows at a time in one thread.
template <class F>
void in_parallel(int64_t rows, int threads, int64_t chunk, const F& work) {
    std::atomic<int64_t> next{0};
    helpers.load()->run(
        [&] {
            for (int64_t start; (start = next.fetch_add(chunk)) < rows;)
                for (int64_t r = start; r < std::min(rows, start + chunk); ++r) work(r);
        },
        int(std::min<int64_t>(threads, (rows + chunk - 1) / chunk)) - 1);
}

}  // namespace

// Advance the lives marked in `alive` (all if null) by one step, in place. Row r belongs to genome r / lives.
extern "C" void lndp_live(int64_t rows, int64_t lives, int threads, int rewiring, const float* const* parameters,
                          const int64_t* strides, const float* observation, const float* reward, const uint8_t* alive,
                          const float* uniform_prune, const float* uniform_grow, float* adjacency, float* node_state,
                          float* edge_state, float* trace, float* activation) {
    auto brain_of = [=](int64_t r) {
        return Brain{adjacency + r * N * N, node_state + r * N * Dh, edge_state + r * De * N * N,
                     trace + r * N * Trace, activation + r * N};
    };
    in_parallel(rows, threads, 4, [&](int64_t r) {
        static thread_local auto workspace = std::make_unique<Workspace>();  // cleared
        if (alive && !alive[r]) return;
        Genome genome;
        for (int p = 0; p < ParameterCount; ++p) genome.at[p] = parameters[p] + (r / lives) * strides[p];
        Brain brain = brain_of(r);
        Senses senses{observation + r * O, reward[r], uniform_prune ? uniform_prune + r * N * N : nullptr,
                      uniform_grow ? uniform_grow + r * N * N : nullptr};
        live(*workspace, genome, brain, senses, rewiring, brain_of(std::min(r + 1, rows - 1)));
    });
}

// Count the edges of each life. (torch's own sum would leave threads that spin and disturb the helpers.)
extern "C" void lndp_count_edges(int64_t rows, int threads, const float* adjacency, float* count) {
    in_parallel(rows, threads, 64, [&](int64_t r) {
        Vector total{};
        for (int b = 0; b < N * N / Lanes * Lanes; b += Lanes) total += load(adjacency + r * N * N + b);
        count[r] = sum(total);
        for (int b = N * N / Lanes * Lanes; b < N * N; ++b) count[r] += adjacency[r * N * N + b];
    });
}
