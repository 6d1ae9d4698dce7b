// One step of life for many brains: the eight steps of program.py in one fused pass per brain, vectors along the
// receiving nodes. Sizes are compile-time constants (-D); the eager path in Python is the reference.
//
// Planes: a quantity with F features of all nodes is F rows of `Padded` floats. Rows of the edge state are copied into
// padded buffers, so no loop has a remainder.

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

namespace {

#if defined(__AVX512F__)
constexpr int Lanes = 16;
#else
constexpr int Lanes = 8;
#endif

typedef float Vector __attribute__((vector_size(Lanes * 4)));
typedef int32_t Integers __attribute__((vector_size(Lanes * 4)));

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
    AttentionQuery, AttentionKey, AttentionValue, AttentionEdgeWeight, AttentionEdgeBias, AttentionOutWeight, AttentionOutBias,
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
    void clear() { std::memset(row, 0, sizeof row); }
};

inline Vector load(const float* p) { Vector v; std::memcpy(&v, p, sizeof v); return v; }
inline void store(float* p, Vector v) { std::memcpy(p, &v, sizeof v); }
inline Vector broadcast(float x) { return Vector{} + x; }
inline Vector larger(Vector a, Vector b) { return a > b ? a : b; }
inline Vector smaller(Vector a, Vector b) { return a < b ? a : b; }
inline bool any(Integers mask) { int32_t seen = 0; for (int l = 0; l < Lanes; ++l) seen |= mask[l]; return seen != 0; }
inline float largest(Vector v) { float x = v[0]; for (int l = 1; l < Lanes; ++l) x = v[l] > x ? v[l] : x; return x; }
inline float sum(Vector v) { float x = 0; for (int l = 0; l < Lanes; ++l) x += v[l]; return x; }

// e^x for |x| <= 40 (clamped): 2^n times a polynomial (Cephes expf), relative error about 1e-7.
inline Vector exponential(Vector x) {
    x = smaller(larger(x, broadcast(-40.0f)), broadcast(40.0f));
    // Truncation of a positive number; the usual trick of adding 1.5 * 2^23 does not survive -ffast-math.
    Integers n = __builtin_convertvector(x * 1.44269504f + 64.5f, Integers) - 64;
    Vector whole = __builtin_convertvector(n, Vector);
    x = x - whole * 0.693359375f + whole * 2.12194440e-4f;
    Vector y = ((((1.9875691500e-4f * x + 1.3981999507e-3f) * x + 8.3334519073e-3f) * x + 4.1665795894e-2f) * x +
                1.6666665459e-1f) * x + 5.0000001201e-1f;
    y = y * x * x + x + 1.0f;
    Integers bits;
    std::memcpy(&bits, &y, sizeof bits);
    bits += n << 23;
    std::memcpy(&y, &bits, sizeof y);
    return y;
}

inline Vector sigmoid(Vector x) { return 1.0f / (1.0f + exponential(-x)); }
inline Vector hyperbolic_tangent(Vector x) { return 1.0f - 2.0f / (1.0f + exponential(2.0f * x)); }

// The next state of one feature of a gated cell; one division serves update gate and candidate.
inline Vector gated(Vector reset, Vector update, Vector candidate_input, Vector candidate_state, Vector state) {
    Vector a = 1.0f + exponential(-update);
    Vector b = 1.0f + exponential(2.0f * (candidate_input + candidate_state * sigmoid(reset)));
    Vector inverse = 1.0f / (a * b);
    Vector candidate = 1.0f - 2.0f * (a * inverse);
    return candidate + (b * inverse) * (state - candidate);
}

// out[o] = bias[o] + sum over f of weight[o, f] in[f]; weight has `stride` columns.
template <int Out, int In>
inline void linear(Planes<Out>& out, const Planes<In>& in, const float* weight, int stride, const float* bias) {
    for (int o = 0; o < Out; ++o)
        for (int b = 0; b < Padded; b += Lanes) {
            Vector y = broadcast(bias ? bias[o] : 0.0f);
            for (int f = 0; f < In; ++f) y += weight[o * stride + f] * load(&in[f][b]);
            store(&out[o][b], y);
        }
}

template <int F>
inline void read_planes(Planes<F>& planes, const float* rows) {
    planes.clear();
    for (int n = 0; n < N; ++n)
        for (int f = 0; f < F; ++f) planes[f][n] = rows[n * F + f];
}

template <int F>
inline void write_planes(const Planes<F>& planes, float* rows) {
    for (int n = 0; n < N; ++n)
        for (int f = 0; f < F; ++f) rows[n * F + f] = planes[f][n];
}

struct Allowed {  // [i][j]: 1 where an edge may exist
    Planes<N> edge;
    Allowed() {
        edge.clear();
        for (int i = 0; i < FirstOutput; ++i)
            for (int j = O; j < N; ++j) edge[i][j] = i != j && (i >= O || j < FirstOutput);
    }
};
const Allowed allowed;

struct Workspace {
    Planes<N> adjacency, transposed, weights;
    Planes<Features> features;
    Planes<Dh> x, h;
    Planes<Trace> trace;
    Planes<Heads * Query> query, key;
    Planes<Heads * Value> value, message;
    Planes<3 * Dh> node_inputs, node_recurrent;
    Planes<3 * De> sender, receiver;
    Planes<Decision> grow_sender, grow_receiver;
    Planes<Heads> attention;
    Planes<De> edge;
    Planes<1> activation, drive;
};

void read_adjacency(Workspace& w, const float* adjacency) {
    w.adjacency.clear();
    w.transposed.clear();
    for (int i = 0; i < N; ++i) {
        std::memcpy(w.adjacency[i], adjacency + i * N, N * sizeof(float));
        for (int j = 0; j < N; ++j) w.transposed[j][i] = adjacency[i * N + j];
    }
}

inline void read_edges(Planes<De>& edge, const float* edge_state, int i) {
    for (int d = 0; d < De; ++d) std::memcpy(edge[d], edge_state + (d * N + i) * N, N * sizeof(float));
}

void collect_features(Workspace& w) {  // step 1
    w.features.clear();
    for (int n = 0; n < N; ++n) {
        Vector out_degree{}, in_degree{};
        for (int b = 0; b < Padded; b += Lanes) {
            out_degree += load(&w.adjacency[n][b]);
            in_degree += load(&w.transposed[n][b]);
        }
        float out = sum(out_degree), in = sum(in_degree);
        w.features[0][n] = out * 0.1f;
        w.features[1][n] = in * 0.1f;
        w.features[2][n] = (out + in) * 0.05f;
        w.features[3][n] = n < O;
        w.features[4][n] = n >= FirstOutput;
    }
    std::memcpy(w.features[5], w.trace[0], sizeof w.trace);
    std::memcpy(w.features[5 + Trace], w.h[0], sizeof w.h);
}

#if GRAPH_TRANSFORMER
void attend(Workspace& w, const Genome& g, const Brain& brain) {  // step 2, one layer
    linear(w.query, w.x, g[AttentionQuery], Dh, nullptr);
    linear(w.key, w.x, g[AttentionKey], Dh, nullptr);
    linear(w.value, w.x, g[AttentionValue], Dh, nullptr);
    w.message.clear();
    const float scale = 1.0f / std::sqrt(float(Query));
    for (int i = 0; i < N; ++i) {
        if (i < FirstOutput) read_edges(w.edge, brain.edge_state, i); else w.edge.clear();
        for (int head = 0; head < Heads; ++head) {
            const float* weight = g[AttentionEdgeWeight] + head * (De + 3);
            float* score = w.attention[head];
            for (int b = 0; b < Padded; b += Lanes) {
                Vector similarity{};
                for (int d = 0; d < Query; ++d)
                    similarity += (w.query[head * Query + d][i] * scale) * load(&w.key[head * Query + d][b]);
                Vector gain = g[AttentionEdgeBias][head] + weight[De] * load(&w.adjacency[i][b]) +
                              weight[De + 1] * load(&w.transposed[i][b]);
                for (int d = 0; d < De; ++d) gain += weight[d] * load(&w.edge[d][b]);
                store(score + b, similarity * gain);
                if (b <= i && i < b + Lanes) score[i] += similarity[i - b] * weight[De + 2];
            }
            for (int j = N; j < Padded; ++j) score[j] = -3.0e38f;
            Vector best = load(score);
            for (int b = Lanes; b < Padded; b += Lanes) best = larger(best, load(score + b));
            float top = largest(best);
            Vector total{};
            for (int b = 0; b < Padded; b += Lanes) {
                Vector e = exponential(load(score + b) - top);
                store(score + b, e);
                total += e;
            }
            for (int j = N; j < Padded; ++j) total[j % Lanes] -= score[j];
            float share = 1.0f / sum(total);
            for (int d = 0; d < Value; ++d) {
                float pushed = w.value[head * Value + d][i] * share;
                for (int b = 0; b < Padded; b += Lanes) {
                    float* target = &w.message[head * Value + d][b];
                    store(target, load(target) + pushed * load(score + b));
                }
            }
        }
    }
    linear(w.x, w.message, g[AttentionOutWeight], Heads * Value, g[AttentionOutBias]);
}
#endif

void update_nodes(Workspace& w, const Genome& g, const Brain& brain) {  // steps 1-3
    collect_features(w);
    linear(w.x, w.features, g[NodeInWeight], Features, g[NodeInBias]);
#if GRAPH_TRANSFORMER
    for (int layer = 0; layer < Layers; ++layer) attend(w, g, brain);
#else
    Planes<Dh> message;
    linear(message, w.x, g[MessageWeight], Dh, g[MessageBias]);
    w.x = message;
#endif
    linear(w.node_inputs, w.x, g[NodeInputs], Dh, g[NodeBias]);
    linear(w.node_recurrent, w.h, g[NodeRecurrent], Dh, nullptr);
    for (int d = 0; d < Dh; ++d)
        for (int b = 0; b < Padded; b += Lanes) {
            Vector reset = load(&w.node_inputs[d][b]) + load(&w.node_recurrent[d][b]);
            Vector update = load(&w.node_inputs[Dh + d][b]) + load(&w.node_recurrent[Dh + d][b]);
            Vector candidate = load(&w.node_recurrent[2 * Dh + d][b]) + g[NodeCandidateBias][d];
            store(&w.h[d][b], gated(reset, update, load(&w.node_inputs[2 * Dh + d][b]), candidate, load(&w.h[d][b])));
        }
}

void prepare_pairs(Workspace& w, const Genome& g, float reward) {  // per-node shares of all linear maps of pairs
    Planes<Dh + Trace> node;
    std::memcpy(node[0], w.h[0], sizeof w.h);
    std::memcpy(node[Dh], w.trace[0], sizeof w.trace);
    float receiver[3 * De][Dh + Trace], sender[3 * De][Dh + Trace], sender_bias[3 * De];
    for (int gate = 0; gate < 3 * De; ++gate) {
        const float* row = g[EdgeInputs] + gate * Pair;  // columns: h_j, h_i, v_j, v_i, r
        for (int d = 0; d < Dh; ++d) receiver[gate][d] = row[d], sender[gate][d] = row[Dh + d];
        for (int t = 0; t < Trace; ++t)
            receiver[gate][Dh + t] = row[2 * Dh + t], sender[gate][Dh + t] = row[2 * Dh + Trace + t];
        sender_bias[gate] = row[Pair - 1] * reward;
    }
    linear(w.receiver, node, receiver[0], Dh + Trace, g[EdgeBias]);
    linear(w.sender, node, sender[0], Dh + Trace, sender_bias);
#if SYNAPTOGENESIS
    linear(w.grow_receiver, w.h, g[GrowWeight0], 2 * Dh, g[GrowBias0]);  // columns: h_j, h_i
    linear(w.grow_sender, w.h, g[GrowWeight0] + Dh, 2 * Dh, nullptr);
#endif
}

inline Integers decide(Vector logit, const float* uniform, int i, int b) {
    if (!uniform) return logit > Threshold;
    Vector drawn = broadcast(1.0f);
    for (int j = b; j < std::min(N, b + Lanes); ++j) drawn[j - b] = uniform[i * N + j];
    return drawn < sigmoid(logit) * Scale;
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

inline void update_edge(const Workspace& w, const Genome& g, int i, int b, Vector* edge) {  // step 4
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

void rewire(Workspace& w, const Genome& g, const Brain& brain, const Senses& senses) {  // steps 4-6
    prepare_pairs(w, g, senses.reward);
    for (int i = 0; i < FirstOutput; ++i) {
        read_edges(w.edge, brain.edge_state, i);
        for (int b = 0; b < Padded; b += Lanes) {
            Vector present = load(&w.adjacency[i][b]), may = load(&allowed.edge[i][b]), next = present, edge[De];
            bool has_edges = any(present > 0.0f);
            for (int d = 0; d < De; ++d) edge[d] = load(&w.edge[d][b]);
            if (has_edges) {
                update_edge(w, g, i, b, edge);
                for (int d = 0; d < De; ++d) edge[d] *= present;
            } else {
                for (int d = 0; d < De; ++d) edge[d] = Vector{};
            }
            for (int d = 0; d < De; ++d) store(&w.edge[d][b], edge[d]);
            store(&w.weights[i][b], edge[0]);
#if SYNAPTOGENESIS
            if (any(may > present)) {
                Integers grown = decide(grow_logit(w, g, i, b), senses.uniform_grow, i, b) & (may > 0.0f);
                next = grown ? broadcast(1.0f) : next;
            }
#endif
#if PRUNING
            if (any(next > 0.0f)) {
                Integers pruned = decide(prune_logit(g, edge), senses.uniform_prune, i, b) & (may > 0.0f);
                next = pruned ? Vector{} : next;
            }
#endif
            store(&w.adjacency[i][b], next);
        }
        for (int d = 0; d < De; ++d) std::memcpy(brain.edge_state + (d * N + i) * N, w.edge[d], N * sizeof(float));
        std::memcpy(brain.adjacency + i * N, w.adjacency[i], N * sizeof(float));
    }
}

void act(Workspace& w, const Brain& brain, const float* observation) {  // step 7
    float* a = w.activation[0];
    w.activation.clear();
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

void live(Workspace& w, const Genome& g, const Brain& brain, const Senses& senses, bool rewiring) {
    read_planes(w.h, brain.node_state);
    if (rewiring) {
        read_adjacency(w, brain.adjacency);
        read_planes(w.trace, brain.trace);
        update_nodes(w, g, brain);
        write_planes(w.h, brain.node_state);
        rewire(w, g, brain, senses);
    } else {
        for (int i = 0; i < N; ++i) std::memcpy(w.weights[i], brain.edge_state + i * N, N * sizeof(float));
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
    auto work = [&] {
        auto workspace = std::make_unique<Workspace>();
        std::memset(static_cast<void*>(workspace.get()), 0, sizeof(Workspace));
        for (int64_t start; (start = next.fetch_add(Chunk)) < rows;)
            for (int64_t r = start; r < std::min(rows, start + Chunk); ++r) {
                if (alive && !alive[r]) continue;
                Genome genome;
                for (int p = 0; p < ParameterCount; ++p) genome.at[p] = parameters[p] + (r / lives) * strides[p];
                Brain brain{adjacency + r * N * N, node_state + r * N * Dh, edge_state + r * De * N * N,
                            trace + r * N * Trace, activation + r * N};
                Senses senses{observation + r * O, reward[r], uniform_prune ? uniform_prune + r * N * N : nullptr,
                              uniform_grow ? uniform_grow + r * N * N : nullptr};
                live(*workspace, genome, brain, senses, rewiring);
            }
    };
    int64_t helpers = std::min<int64_t>(threads, (rows + Chunk - 1) / Chunk) - 1;
    std::vector<std::thread> pool;
    for (int64_t t = 0; t < helpers; ++t) pool.emplace_back(work);
    work();
    for (auto& thread : pool) thread.join();
}
