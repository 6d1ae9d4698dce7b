// One step of life for many brains: the eight steps of program.py in one fused pass per brain, vectors along the
// receiving nodes. Sizes are compile-time constants (-D); the eager path in Python is the reference.
//
// Planes: a quantity with F features of all nodes is F rows of `Padded` floats. What stands beyond the N nodes does not
// matter, but weights are 0 there.
//
// Sums of parameters may overflow or be NaN: no index depends on them, and what a life keeps is always finite.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__AVX__)
#include <immintrin.h>
#endif

namespace {

#if defined(__AVX512F__)
constexpr int Lanes = 16;
#else
constexpr int Lanes = 8;
#endif

typedef float Vector __attribute__((vector_size(Lanes * 4)));
typedef int32_t Integers __attribute__((vector_size(Lanes * 4)));
typedef uint32_t Bits __attribute__((vector_size(Lanes * 4)));

constexpr int N = NODES, O = OBSERVATION_SIZE, M = ACTION_SIZE, Dh = NODE_FEATURES, De = EDGE_FEATURES;
constexpr int K = NETWORK_STEPS, Trace = K + 1, Layers = GRAPH_LAYERS, Heads = ATTENTION_HEADS;
constexpr int Query = QUERY_FEATURES, Value = VALUE_FEATURES, Decision = DECISION_FEATURES;
constexpr int Features = 5 + Trace + Dh, Pair = 2 * Dh + 2 * Trace + 1;
constexpr int Blocks = (N + Lanes - 1) / Lanes, Padded = Blocks * Lanes;
constexpr int FirstOutput = N - M;
constexpr float Threshold = 0.405465108f;  // log-odds of 0.6
constexpr float Scale = 0.5f;              // of the probability of a sampled decision

// The order of parameter_shapes in parameters.py.
enum Parameter {
    NodeInWeight, NodeInBias,
#if GRAPH_TRANSFORMER
    AttentionQuery, AttentionKey, AttentionValue, AttentionEdgeWeight, AttentionEdgeBias,
    AttentionOutWeight, AttentionOutBias,
#else
    MessageWeight, MessageBias,
#endif
    NodeInputs, NodeRecurrent, NodeBias, NodeCandidateBias,
    EdgeInputs, EdgeRecurrent, EdgeBias, EdgeCandidateBias,
#if SYNAPTOGENESIS
    GrowWeight0, GrowBias0, GrowWeight1, GrowBias1,
#endif
#if PRUNING
    PruneWeight0, PruneBias0, PruneWeight1, PruneBias1,
#endif
    ParameterCount
};

struct Genome {
    const float* at[ParameterCount];
    const float* operator[](Parameter p) const { return at[p]; }
};

struct Brain {  // pointers into the state of one life
    float *adjacency, *node_state, *edge_state, *trace, *activation;
    const float* edges(int d, int i) const { return edge_state + (d * N + i) * N; }
    float* edges(int d, int i) { return edge_state + (d * N + i) * N; }
};

struct Senses {
    const float* observation;
    float reward;
    const float *uniform_prune, *uniform_grow;  // null where decisions are thresholded
};

template <int F>
struct Planes {
    alignas(64) float row[F][Padded];
    float* operator[](int f) { return row[f]; }
    const float* operator[](int f) const { return row[f]; }
};

struct Workspace {
    Planes<N> transposed, weights, attention[Heads];
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
inline Integers nodes(int b) {
    Integers j;
    for (int l = 0; l < Lanes; ++l) j[l] = b + l;
    return j;
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
#if defined(__AVX512F__) && defined(__AVX512DQ__)
inline Vector larger(Vector a, Vector b) { return Vector(_mm512_max_ps(__m512(a), __m512(b))); }
inline Vector clamp(Vector x, float limit) { return Vector(_mm512_range_ps(__m512(x), _mm512_set1_ps(limit), 2)); }
inline bool any(Integers mask) { return _mm512_test_epi32_mask(__m512i(mask), __m512i(mask)); }
#elif defined(__AVX__)
inline Vector larger(Vector a, Vector b) { return Vector(_mm256_max_ps(__m256(a), __m256(b))); }
inline Vector clamp(Vector x, float limit) {
    return Vector(_mm256_min_ps(_mm256_max_ps(__m256(x), _mm256_set1_ps(-limit)), _mm256_set1_ps(limit)));
}
inline bool any(Integers mask) { return _mm256_movemask_ps(__m256(mask)); }
#else
inline Vector larger(Vector a, Vector b) { return a > b ? a : b; }
inline Vector clamp(Vector x, float limit) {
    x = larger(x, broadcast(-limit));
    return x < limit ? x : broadcast(limit);
}
inline bool any(Integers mask) { return sum(mask ? broadcast(1.0f) : Vector{}) > 0.0f; }
#endif

// 2^x for |x| <= 60 (clamped), relative error 1e-7: x = n + f with |f| <= 1/2, and 2^f is a minimax polynomial.
inline Vector power_of_two(Vector x) {
    const Vector magic = broadcast(12582912.0f);  // 1.5 * 2^23: the low bits of a sum with it are those of n
    x = clamp(x, 60.0f);
    Vector shifted = x + magic, f = x - (shifted - magic), y = broadcast(1.5353362e-4f);
    for (float c : {1.3398875e-3f, 9.6184369e-3f, 5.5503324e-2f, 2.4022648e-1f, 6.9314718e-1f, 1.0f}) y = y * f + c;
    Bits exponent, bits;
    std::memcpy(&exponent, &shifted, sizeof shifted);
    std::memcpy(&bits, &y, sizeof y);
    bits += exponent << 23;
    std::memcpy(&y, &bits, sizeof y);
    return y;
}

constexpr float Log2E = 1.44269504f;
inline Vector exponential(Vector x) { return power_of_two(x * Log2E); }
inline Vector sigmoid(Vector x) { return 1.0f / (1.0f + power_of_two(x * -Log2E)); }
inline Vector hyperbolic_tangent(Vector x) { return 1.0f - 2.0f / (1.0f + power_of_two(x * (2 * Log2E))); }

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
    Vector inverse = 1.0f / (a * b);
    Vector candidate = 1.0f - 2.0f * (a * inverse);
    return candidate + (b * inverse) * (state - candidate);
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
    for (int i = 0; i < N; ++i)
        for (int j = 0; j < N; ++j) w.transposed[j][i] = brain.adjacency[i * N + j];
    for (int b = 0; b < Padded; b += Lanes) {
        Vector out_degree{}, in_degree{};
        for (int n = 0; n < N; ++n) {
            out_degree += load(&w.transposed[n][b]);
            in_degree += load_row(brain.adjacency + n * N, b);
        }
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
inline void score_receivers(Workspace& w, const Genome& g, const Brain& brain, int i) {
    for (int b = 0; b < Padded; b += Lanes) {
        Vector edge[De + 3];
        for (int d = 0; d < De; ++d) edge[d] = load_row(brain.edges(d, i), b);
        edge[De] = load_row(brain.adjacency + i * N, b);
        edge[De + 1] = load(&w.transposed[i][b]);
        edge[De + 2] = nodes(b) == i ? broadcast(1.0f) : Vector{};
        for (int head = 0; head < Heads; ++head) {
            const float* weight = g[AttentionEdgeWeight] + head * (De + 3);
            Vector similarity{}, gain = broadcast(g[AttentionEdgeBias][head]);
            for (int d = 0; d < De + 3; ++d) gain += weight[d] * edge[d];
            for (int d = head * Query; d < (head + 1) * Query; ++d) similarity += w.query[d][i] * load(&w.key[d][b]);
            Vector score = similarity * gain * (1.0f / std::sqrt(float(Query)));
            if (N < b + Lanes) score = nodes(b) < N ? score : broadcast(-3.0e38f);
            store(&w.attention[head][i][b], score);
        }
    }
}

inline void softmax(float* row) {
    Vector best = load(row), total{};
    for (int b = Lanes; b < Padded; b += Lanes) best = larger(best, load(row + b));
    float top = largest(best);
    for (int b = 0; b < Padded; b += Lanes) {
        Vector e = exponential(load(row + b) - top);
        store(row + b, e);
        total += e;
    }
    float norm = 1.0f / sum(total);
    for (int b = 0; b < Padded; b += Lanes) store(row + b, load(row + b) * norm);
}

void attend(Workspace& w, const Genome& g, const Brain& brain) {  // step 2, one layer
    linear(w.query, w.x, g[AttentionQuery], Dh);
    linear(w.key, w.x, g[AttentionKey], Dh);
    linear(w.value, w.x, g[AttentionValue], Dh);
    for (int i = 0; i < N; ++i) {
        score_receivers(w, g, brain, i);
        for (int head = 0; head < Heads; ++head) softmax(w.attention[head][i]);
    }
    for (int head = 0; head < Heads; ++head)
        for (int b = 0; b < Padded; b += Lanes) {
            Vector message[Value]{};
            for (int i = 0; i < N; ++i) {
                Vector share = load(&w.attention[head][i][b]);
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
    linear(w.node_inputs, w.x, g[NodeInputs], Dh, g[NodeBias]);
    linear(w.node_recurrent, w.h, g[NodeRecurrent], Dh);
    for (int d = 0; d < Dh; ++d)
        for (int b = 0; b < Padded; b += Lanes) {
            Vector reset = load(&w.node_inputs[d][b]) + load(&w.node_recurrent[d][b]);
            Vector update = load(&w.node_inputs[Dh + d][b]) + load(&w.node_recurrent[Dh + d][b]);
            Vector candidate = load(&w.node_recurrent[2 * Dh + d][b]) + g[NodeCandidateBias][d];
            store(&w.h[d][b], gated(reset, update, load(&w.node_inputs[2 * Dh + d][b]), candidate, load(&w.h[d][b])));
        }
}

void prepare_pairs(Workspace& w, const Genome& g, float reward) {  // per-node shares of all linear maps of pairs
    const float* weight = g[EdgeInputs];  // columns: h_j, h_i, v_j, v_i, r
    float from_reward[3 * De];
    for (int gate = 0; gate < 3 * De; ++gate) from_reward[gate] = weight[gate * Pair + Pair - 1] * reward;
    linear(w.receiver, w.h, weight, Pair, g[EdgeBias]);
    linear(w.sender, w.h, weight + Dh, Pair, from_reward);
    linear<true>(w.receiver, w.trace, weight + 2 * Dh, Pair);
    linear<true>(w.sender, w.trace, weight + 2 * Dh + Trace, Pair);
#if SYNAPTOGENESIS
    linear(w.grow_receiver, w.h, g[GrowWeight0], 2 * Dh, g[GrowBias0]);  // columns: h_j, h_i
    linear(w.grow_sender, w.h, g[GrowWeight0] + Dh, 2 * Dh);
#endif
}

inline Integers decide(Vector logit, const float* uniform, int i, int b) {
    return uniform ? load_row(uniform + i * N, b) < sigmoid(logit) * Scale : logit > Threshold;
}

#if PRUNING
inline Vector prune_logit(const Genome& g, const Vector* edge) {
    Vector logit = broadcast(g[PruneBias1][0]);
    for (int k = 0; k < Decision; ++k) {
        Vector hidden = broadcast(g[PruneBias0][k]);
        for (int d = 0; d < De; ++d) hidden += g[PruneWeight0][k * De + d] * edge[d];
        logit += g[PruneWeight1][k] * larger(hidden, Vector{});
    }
    return logit;
}
#endif

#if SYNAPTOGENESIS
inline Vector grow_logit(const Workspace& w, const Genome& g, int i, int b) {
    Vector logit = broadcast(g[GrowBias1][0]);
    for (int k = 0; k < Decision; ++k)
        logit += g[GrowWeight1][k] * larger(w.grow_sender[k][i] + load(&w.grow_receiver[k][b]), Vector{});
    return logit;
}
#endif

inline void update_edges(const Workspace& w, const Genome& g, int i, int b, Vector* edge) {  // step 4
    Vector gate[3 * De], candidate_state[De];
    for (int k = 0; k < 3 * De; ++k) gate[k] = w.sender[k][i] + load(&w.receiver[k][b]);
    for (int k = 0; k < 2 * De; ++k)
        for (int d = 0; d < De; ++d) gate[k] += g[EdgeRecurrent][k * De + d] * edge[d];
    for (int k = 0; k < De; ++k) {
        candidate_state[k] = broadcast(g[EdgeCandidateBias][k]);
        for (int d = 0; d < De; ++d) candidate_state[k] += g[EdgeRecurrent][(2 * De + k) * De + d] * edge[d];
    }
    for (int k = 0; k < De; ++k)
        edge[k] = gated(gate[k], gate[De + k], gate[2 * De + k], candidate_state[k], edge[k]);
}

// `next` is the brain whose turn comes next: its edges are fetched into the cache meanwhile.
void rewire(Workspace& w, const Genome& g, Brain& brain, const Senses& senses, const Brain& next) {  // steps 4-6
    prepare_pairs(w, g, senses.reward);
    for (int i = 0; i < FirstOutput; ++i) {
        for (int d = 0; d < De; ++d)
            for (int j = 0; j < N; j += 16) __builtin_prefetch(next.edges(d, i) + j);
        float* adjacency = brain.adjacency + i * N;
        for (int b = 0; b < Padded; b += Lanes) {
            Integers j = nodes(b), allowed = (j >= O) & (j < (i < O ? FirstOutput : N)) & (j != i);
            Vector present = load_row(adjacency, b), future = present, edge[De]{};
            if (any(present > 0.0f)) {
                for (int d = 0; d < De; ++d) edge[d] = load_row(brain.edges(d, i), b);
                update_edges(w, g, i, b, edge);
                for (int d = 0; d < De; ++d) edge[d] *= present;
            }
            for (int d = 0; d < De; ++d) store_row(brain.edges(d, i), b, edge[d]);
            store(&w.weights[i][b], edge[0]);
#if SYNAPTOGENESIS
            if (any(allowed & (present == 0.0f))) {
                Integers grown = decide(grow_logit(w, g, i, b), senses.uniform_grow, i, b) & allowed;
                future = grown ? broadcast(1.0f) : future;
            }
#endif
#if PRUNING
            if (any(future > 0.0f)) {
                Integers pruned = decide(prune_logit(g, edge), senses.uniform_prune, i, b) & allowed;
                future = pruned ? Vector{} : future;
            }
#endif
            store_row(adjacency, b, future);
        }
    }
}

void act(Workspace& w, const Brain& brain, const float* observation) {  // step 7
    float* a = w.activation[0];
    std::memcpy(a, brain.activation, N * sizeof(float));
    for (int t = 0; t < K; ++t) {
        std::memcpy(a, observation, O * sizeof(float));
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

}  // namespace

// Advance the lives marked in `alive` (all if null) by one step, in place. Row r belongs to genome r / lives.
extern "C" void lndp_live(int64_t rows, int64_t lives, int threads, int rewiring, const float* const* parameters,
                          const int64_t* strides, const float* observation, const float* reward, const uint8_t* alive,
                          const float* uniform_prune, const float* uniform_grow, float* adjacency, float* node_state,
                          float* edge_state, float* trace, float* activation) {
    constexpr int64_t Chunk = 4;
    std::atomic<int64_t> next{0};
    auto brain_of = [=](int64_t r) {
        return Brain{adjacency + r * N * N, node_state + r * N * Dh, edge_state + r * De * N * N,
                     trace + r * N * Trace, activation + r * N};
    };
    auto work = [&] {
        auto workspace = std::make_unique<Workspace>();  // cleared
        for (int64_t start; (start = next.fetch_add(Chunk)) < rows;)
            for (int64_t r = start; r < std::min(rows, start + Chunk); ++r) {
                if (alive && !alive[r]) continue;
                Genome genome;
                for (int p = 0; p < ParameterCount; ++p) genome.at[p] = parameters[p] + (r / lives) * strides[p];
                Brain brain = brain_of(r);
                Senses senses{observation + r * O, reward[r], uniform_prune ? uniform_prune + r * N * N : nullptr,
                              uniform_grow ? uniform_grow + r * N * N : nullptr};
                live(*workspace, genome, brain, senses, rewiring, brain_of(std::min(r + 1, rows - 1)));
            }
    };
    std::vector<std::thread> helpers;
    try {
        for (int64_t t = std::min<int64_t>(threads, (rows + Chunk - 1) / Chunk); t > 1; --t) helpers.emplace_back(work);
    } catch (const std::system_error&) {  // no more threads to be had: those that run do the work
    }
    work();
    for (auto& helper : helpers) helper.join();
}
