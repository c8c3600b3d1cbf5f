// Gradients, losses, AdamW and random numbers behind diptych_torch.h.
#include "internal.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/custom_class.h>

#include <cstring>

namespace {

at::Generator generator(int32_t device) {
    return at::globalContext().defaultGenerator(place(device));
}

// --- Gradients ---

int32_t require_gradient(Handle *x) {
    return done([&] { x->value.requires_grad_(true); });
}

int32_t set_recording(int32_t on) {
    return done([&] { at::GradMode::set_enabled(on != 0); });
}

int32_t backward(Handle *loss) {
    return done([&] { loss->value.backward(); });
}

Handle *gradient(Handle *x) {
    return made([&] {
        TORCH_CHECK(x->value.grad().defined(), "the tensor has no gradient");
        return x->value.grad();
    });
}

int32_t clear_gradient(Handle *x) {
    return done([&] { x->value.mutable_grad().reset(); });
}

// What is run again in backward(), and the random numbers that it drew.
struct Repeated : torch::CustomClassHolder {
    Repeated(diptych_torch_body body, void *context, void (*release)(void *)) : body(body), context(context), release(release) {}
    ~Repeated() override { release(context); }

    at::Tensor operator()(const at::Tensor &x) const {
        Handle input{x};
        Handle *output = body(context, &input);
        TORCH_CHECK(output != nullptr, last_failure());
        const at::Tensor value = output->value;
        delete output;
        return value;
    }

    diptych_torch_body body;
    void *context;
    void (*release)(void *);
    at::Tensor random;
};

// Gradient checkpointing (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost").
struct Recomputation : torch::autograd::Function<Recomputation> {
    static at::Tensor forward(
        torch::autograd::AutogradContext *context, const at::Tensor &x, const c10::intrusive_ptr<Repeated> &repeated) {
        repeated->random = at::globalContext().defaultGenerator(x.device()).get_state();
        context->saved_data["repeated"] = c10::IValue::make_capsule(repeated);
        context->save_for_backward({x});
        const at::AutoGradMode off(false);
        return (*repeated)(x);
    }

    static torch::autograd::variable_list backward(
        torch::autograd::AutogradContext *context, const torch::autograd::variable_list &gradients) {
        const auto capsule = context->saved_data["repeated"].toCapsule();
        const auto &repeated = static_cast<Repeated &>(*capsule);
        const auto x = context->get_saved_variables()[0].detach().requires_grad_(true);
        auto random = at::globalContext().defaultGenerator(x.device());
        const auto later = random.get_state();
        random.set_state(repeated.random);
        const at::AutoGradMode on(true);
        const auto y = repeated(x);
        random.set_state(later);
        torch::autograd::backward({y}, {gradients[0]});
        return {x.grad(), at::Tensor()};
    }
};

Handle *recomputed(Handle *x, diptych_torch_body body, void *context, void (*release)(void *)) {
    const auto repeated = c10::make_intrusive<Repeated>(body, context, release);
    return made([&] { return Recomputation::apply(x->value, repeated); });
}

int32_t gradient_norm(Handle *const *leaves, int32_t count, double *norm) {
    return done([&] {
        std::vector<at::Tensor> norms;
        for (const auto &x : list(leaves, count)) {
            if (x.grad().defined()) norms.push_back(at::linalg_vector_norm(x.grad(), 2).to(at::kDouble));
        }
        *norm = norms.empty() ? 0 : at::linalg_vector_norm(at::stack(norms), 2).item<double>();
    });
}

int32_t scale_gradients(Handle *const *leaves, int32_t count, double factor) {
    return done([&] {
        const at::NoGradGuard unrecorded;
        for (auto &x : list(leaves, count)) {
            if (x.grad().defined()) x.mutable_grad().mul_(factor);
        }
    });
}

// --- Losses ---

Handle *unit(Handle *x) {
    return made([&] { return x->value / x->value.norm(2, {1}, /*keepdim=*/true); });
}

Handle *product(Handle *a, Handle *b) {
    return made([&] { return at::matmul(a->value, b->value.t()); });
}

Handle *times(Handle *a, Handle *b) {
    return made([&] { return a->value * b->value; });
}

Handle *exponential(Handle *x) {
    return made([&] { return x->value.exp(); });
}

Handle *affine(Handle *x, double factor, double addend) {
    return made([&] { return x->value * factor + addend; });
}

Handle *detached(Handle *x) {
    return made([&] { return x->value.detach(); });
}

at::Tensor own_columns(const at::Tensor &logits, int64_t first) {
    return at::arange(first, first + logits.size(0), logits.options().dtype(at::kLong));
}

Handle *cross_entropy(Handle *logits, Handle *targets, int64_t first) {
    return made([&] {
        const auto &x = logits->value;
        return at::cross_entropy_loss(x, targets == nullptr ? own_columns(x, first) : targets->value);
    });
}

Handle *sigmoid_loss(Handle *logits, int64_t first) {
    return made([&] {
        const auto &x = logits->value;
        auto signs = -at::ones_like(x, x.options().requires_grad(false));
        if (first >= 0) signs.scatter_(1, own_columns(x, first).unsqueeze(1), 1);
        return -at::log_sigmoid(signs * x).sum() / x.size(0);
    });
}

Handle *cosine_distance(Handle *a, Handle *b) {
    return made([&] {
        auto y = b->value;
        if (a->value.size(1) != y.size(1)) {
            const std::vector<int64_t> size{a->value.size(0), a->value.size(1)};
            y = at::upsample_bilinear2d(y.unsqueeze(0).unsqueeze(0), size, /*align_corners=*/false).squeeze(0).squeeze(0);
        }
        return 1 - at::cosine_similarity(a->value, y, 1, 1e-8).mean();
    });
}

int32_t accuracy(Handle *logits, int64_t first, double *share) {
    return done([&] {
        const auto &x = logits->value;
        *share = x.argmax(-1).eq(own_columns(x, first)).to(at::kDouble).mean().item<double>();
    });
}

Handle *dropout(Handle *x, double rate) {
    return made([&] { return at::dropout(x->value, rate, /*train=*/true); });
}

// --- Parameters ---

Handle *zeros_like(Handle *x) {
    return made([&] { return at::zeros_like(x->value.detach(), at::MemoryFormat::Contiguous); });
}

int32_t assign(Handle *x, Handle *source) {
    return done([&] {
        const at::NoGradGuard unrecorded;
        x->value.copy_(source->value);
    });
}

int32_t clamp(Handle *x, double low, double high) {
    return done([&] {
        const at::NoGradGuard unrecorded;
        x->value.clamp_(low, high);
    });
}

int32_t adamw(
    Handle *const *leaves, Handle *const *means, Handle *const *squares, int32_t count, int64_t step, double rate, double beta1,
    double beta2, double epsilon, double decay) {
    return done([&] {
        const at::NoGradGuard unrecorded;
        std::vector<at::Tensor> x, gradients, first, second, steps;
        for (int32_t i = 0; i < count; i++) {
            const auto &leaf = leaves[i]->value;
            if (!leaf.grad().defined()) continue;
            x.push_back(leaf.detach());
            gradients.push_back(leaf.grad().contiguous());
            first.push_back(means[i]->value);
            second.push_back(squares[i]->value);
            steps.push_back(at::full({}, static_cast<double>(step), leaf.options().dtype(at::kFloat).requires_grad(false)));
        }
        if (x.empty()) return;
        at::_fused_adamw_(
            x, gradients, first, second, /*max_exp_avg_sqs=*/{}, steps, rate, beta1, beta2, decay, epsilon, /*amsgrad=*/false,
            /*maximize=*/false);
    });
}

// --- Random numbers ---

int32_t seed(uint64_t seed, int32_t device) {
    return done([&] { generator(device).set_current_seed(seed); });
}

int64_t generator_state(int32_t device, uint8_t *destination, int64_t capacity) {
    int64_t size = -1;
    done([&] {
        const auto state = generator(device).get_state().contiguous();
        if (state.numel() <= capacity) std::memcpy(destination, state.const_data_ptr<uint8_t>(), state.numel());
        size = state.numel();
    });
    return size;
}

int32_t set_generator_state(int32_t device, const uint8_t *state, int64_t count) {
    return done([&] {
        const auto options = at::TensorOptions().dtype(at::kByte);
        generator(device).set_state(at::from_blob(const_cast<uint8_t *>(state), {count}, options).clone());
    });
}

int32_t permutation(int64_t count, uint64_t seed, int64_t *destination) {
    return done([&] {
        const auto order = at::randperm(count, at::detail::createCPUGenerator(seed), at::TensorOptions().dtype(at::kLong));
        std::copy_n(order.const_data_ptr<int64_t>(), count, destination);
    });
}

}  // namespace

void add_training(diptych_torch_functions &functions) {
    functions.require_gradient = require_gradient;
    functions.set_recording = set_recording;
    functions.backward = backward;
    functions.gradient = gradient;
    functions.clear_gradient = clear_gradient;
    functions.recomputed = recomputed;
    functions.gradient_norm = gradient_norm;
    functions.scale_gradients = scale_gradients;
    functions.unit = unit;
    functions.product = product;
    functions.times = times;
    functions.exponential = exponential;
    functions.affine = affine;
    functions.detached = detached;
    functions.cross_entropy = cross_entropy;
    functions.sigmoid_loss = sigmoid_loss;
    functions.cosine_distance = cosine_distance;
    functions.accuracy = accuracy;
    functions.dropout = dropout;
    functions.zeros_like = zeros_like;
    functions.assign = assign;
    functions.clamp = clamp;
    functions.adamw = adamw;
    functions.seed = seed;
    functions.generator_state = generator_state;
    functions.set_generator_state = set_generator_state;
    functions.permutation = permutation;
}
