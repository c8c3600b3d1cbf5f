// libtorch behind diptych_torch.h. Not part of the package's build: Scripts/torch compiles it.
#include "internal.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/version.h>

namespace {

thread_local std::string failure;

}  // namespace

void note_failure(const char *reason) {
    failure = reason;
    failure.erase(std::min(failure.find('\n'), failure.size()));
}

const char *last_failure() { return failure.c_str(); }

namespace {

at::ScalarType scalar_type(int32_t type) {
    return type == DIPTYCH_TORCH_BF16 ? at::kBFloat16 : type == DIPTYCH_TORCH_F64 ? at::kDouble : at::kFloat;
}

// The type of streams: full precision, which is double where all is.
at::ScalarType stream_type(const at::Tensor &x) { return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat; }

at::Tensor activated(const at::Tensor &x, int32_t activation) {
    switch (activation) {
    case DIPTYCH_TORCH_QUICK_GELU: return x * at::sigmoid(x * 1.702);
    case DIPTYCH_TORCH_GELU: return at::gelu(x);
    case DIPTYCH_TORCH_GELU_TANH: return at::gelu(x, "tanh");
    case DIPTYCH_TORCH_RELU: return at::relu(x);
    default: return x;
    }
}

at::Tensor indices(const std::vector<int64_t> &values, const at::Device &device) {
    const auto options = at::TensorOptions().dtype(at::kLong);
    return at::from_blob(const_cast<int64_t *>(values.data()), {static_cast<int64_t>(values.size())}, options)
        .to(device, at::kLong, /*non_blocking=*/false, /*copy=*/true);
}

// Sequences of different lengths side by side: each row's place in [count, longest], and back.
class Padding {
  public:
    Padding(const int32_t *offsets, int32_t count, const at::Device &device) : count_(count) {
        bool equal = true;
        for (int32_t i = 0; i < count; i++) {
            const int64_t length = offsets[i + 1] - offsets[i];
            equal = equal && (i == 0 || length == longest_);
            longest_ = std::max(longest_, length);
        }
        if (equal) return;
        std::vector<int64_t> out, back;
        for (int32_t i = 0; i < count; i++) {
            const int64_t length = offsets[i + 1] - offsets[i];
            for (int64_t k = 0; k < longest_; k++) {
                // Padding repeats a row of its own sequence, so that no number is made of nothing.
                out.push_back(offsets[i] + std::min(k, std::max<int64_t>(length - 1, 0)));
                if (k < length) back.push_back(i * longest_ + k);
            }
        }
        out_ = indices(out, device);
        back_ = indices(back, device);
        std::vector<int64_t> lengths(offsets + 1, offsets + 1 + count);
        for (int32_t i = 0; i < count; i++) lengths[i] -= offsets[i];
        const auto known = indices(lengths, device).view({count, 1, 1, 1});
        mask_ = at::arange(longest_, known.options()).view({1, 1, 1, longest_}) < known;
    }

    // [rows, width] -> [count, heads, longest, width / heads]
    at::Tensor split(const at::Tensor &x, int64_t heads) const {
        const auto whole = out_.defined() ? at::index_select(x, 0, out_) : x;
        return whole.view({count_, longest_, heads, x.size(1) / heads}).transpose(1, 2);
    }

    // [count, heads, longest, width / heads] -> [rows, width]
    at::Tensor join(const at::Tensor &x) const {
        const auto rows = x.transpose(1, 2).reshape({count_ * longest_, x.size(1) * x.size(3)});
        return back_.defined() ? at::index_select(rows, 0, back_) : rows;
    }

    // What positions may be looked at, [count, 1, 1, longest]; nothing where all may.
    std::optional<at::Tensor> mask() const { return mask_.defined() ? std::optional<at::Tensor>(mask_) : std::nullopt; }

  private:
    int64_t count_, longest_ = 0;
    at::Tensor out_, back_, mask_;
};

int32_t cuda_devices() {
    int32_t count = 0;
    done([&] {
        if (c10::impl::hasDeviceGuardImpl(at::kCUDA)) count = c10::impl::getDeviceGuardImpl(at::kCUDA)->deviceCount();
    });
    return count;
}

void set_threads(int32_t threads) {
    done([&] {
        // TensorFloat-32 would round fp32 convolutions to 10 bits.
        at::globalContext().setAllowTF32CuDNN(false);
        if (at::get_num_threads() != threads) at::set_num_threads(threads);
    });
}

Handle *from_floats(const float *values, const int64_t *shape, int32_t rank, int32_t device, int32_t type) {
    return made([&] {
        const auto seen = at::from_blob(const_cast<float *>(values), at::IntArrayRef(shape, rank), at::kFloat);
        return seen.to(place(device), scalar_type(type), /*non_blocking=*/false, /*copy=*/true);
    });
}

Handle *from_indices(const int64_t *values, int64_t count, int32_t device) {
    return made([&] { return indices(std::vector<int64_t>(values, values + count), place(device)); });
}

Handle *from_doubles(const double *values, const int64_t *shape, int32_t rank, int32_t device, int32_t type) {
    return made([&] {
        const auto seen = at::from_blob(const_cast<double *>(values), at::IntArrayRef(shape, rank), at::kDouble);
        return seen.to(place(device), scalar_type(type), /*non_blocking=*/false, /*copy=*/true);
    });
}

template <typename Number> int32_t copy_numbers(Handle *x, Number *destination, int64_t count, at::ScalarType type) {
    return done([&] {
        TORCH_CHECK(x->value.numel() == count, "a tensor of ", x->value.numel(), " numbers where ", count, " were wanted");
        const auto host = x->value.detach().to(at::kCPU, type).contiguous();
        std::copy_n(host.const_data_ptr<Number>(), count, destination);
    });
}

int32_t copy_floats(Handle *x, float *destination, int64_t count) { return copy_numbers(x, destination, count, at::kFloat); }

int32_t copy_doubles(Handle *x, double *destination, int64_t count) {
    return copy_numbers(x, destination, count, at::kDouble);
}

void release(Handle *x) {
    done([&] { delete x; });
}

Handle *shared(Handle *x) {
    return made([&] { return x->value; });
}

Handle *joined(Handle *const *parts, int32_t count) {
    return made([&] { return at::cat(list(parts, count)); });
}

Handle *rows(Handle *x, int64_t first, int64_t count) {
    return made([&] { return x->value.narrow(0, first, count); });
}

Handle *transposed(Handle *x) {
    return made([&] { return x->value.t(); });
}

Handle *converted(Handle *x, int32_t type) {
    return made([&] { return x->value.to(scalar_type(type)); });
}

Handle *embed_tokens(Handle *ids, Handle *places, Handle *tokens, Handle *positions, Handle *segments) {
    return made([&] {
        const auto sum = at::embedding(tokens->value, ids->value) + at::embedding(positions->value, places->value);
        return segments == nullptr ? sum : sum + segments->value.select(0, 0);
    });
}

// The class token's row and `kept` others of each image, at random as Chinese-CLIP chooses them (Li et al. 2022, FLIP):
// [n, rows, width] -> [n, 1 + kept, width].
at::Tensor masked(const at::Tensor &x, int64_t kept) {
    const auto noise = at::rand({x.size(0), x.size(1) - 1}, x.options().dtype(at::kFloat));
    const auto chosen = at::argsort(noise, 1, /*descending=*/false).narrow(1, 0, kept) + 1;
    const auto rows = at::gather(x, 1, chosen.unsqueeze(-1).expand({x.size(0), kept, x.size(2)}));
    return at::cat(std::vector<at::Tensor>{x.narrow(1, 0, 1), rows}, 1);
}

Handle *embed_patches(
    Handle *pixels, Handle *projection, Handle *bias, Handle *class_token, Handle *positions, int64_t kept) {
    return made([&] {
        const auto &kernel = projection->value;
        const auto map = at::conv2d(
            pixels->value.to(kernel.scalar_type()), kernel, optional(bias), /*stride=*/{kernel.size(2), kernel.size(3)});
        auto x = map.flatten(2).transpose(1, 2).to(stream_type(kernel));  // [n, patches, width]
        // The table of positions tells how many images make one sequence.
        x = x.reshape({-1, positions->value.size(-2) - (class_token != nullptr), x.size(2)});
        if (class_token != nullptr) {
            x = at::cat({class_token->value.view({1, 1, -1}).expand({x.size(0), 1, x.size(2)}), x}, 1);
        }
        x = x + positions->value;
        if (kept >= 0) x = masked(x, kept);
        return x.reshape({-1, x.size(2)});
    });
}

Handle *layer_norm(Handle *x, Handle *weight, Handle *bias, float epsilon, int32_t type) {
    return made([&] {
        const auto &input = x->value;
        return at::layer_norm(input, {input.size(1)}, weight->value, bias->value, epsilon).to(scalar_type(type));
    });
}

Handle *linear(Handle *x, Handle *weight, Handle *bias, int32_t activation, int32_t type) {
    return made([&] {
        return activated(at::linear(x->value, weight->value, optional(bias)), activation).to(scalar_type(type));
    });
}

Handle *sum(Handle *a, Handle *b) {
    return made([&] { return a->value + b->value; });
}

Handle *attention(Handle *x, const int32_t *offsets, int32_t count, int32_t heads, int32_t causal, double dropout) {
    return made([&] {
        const auto &all = x->value;
        const Padding padding(offsets, count, all.device());
        const auto parts = all.chunk(3, 1);
        // Causal attention never looks behind a row, where padding lies.
        return padding.join(at::scaled_dot_product_attention(
            padding.split(parts[0], heads), padding.split(parts[1], heads), padding.split(parts[2], heads),
            causal ? std::nullopt : padding.mask(), dropout, causal != 0));
    });
}

Handle *query_attention(Handle *query, Handle *keys_values, const int32_t *offsets, int32_t count, int32_t heads) {
    return made([&] {
        const auto &asked = query->value;
        const Padding padding(offsets, count, asked.device());
        const auto parts = keys_values->value.chunk(2, 1);
        const auto answer = at::scaled_dot_product_attention(
            asked.view({count, heads, 1, asked.size(1) / heads}), padding.split(parts[0], heads),
            padding.split(parts[1], heads), padding.mask());  // [count, heads, 1, width / heads]
        return answer.reshape({count, asked.size(1)});
    });
}

Handle *chosen(Handle *x, Handle *numbers) {
    // A learned query may come as [1, 1, width].
    return made([&] { return at::index_select(x->value.flatten(0, -2), 0, numbers->value); });
}

// batch_norm over the batches of all processes (PyTorch's SyncBatchNorm).
at::Tensor group_norm(
    const at::Tensor &x, const at::Tensor &weight, const at::Tensor &bias, at::Tensor mean, at::Tensor variance, double epsilon) {
    const std::vector<int64_t> others{0, 2, 3};
    const auto each = [](const at::Tensor &v) { return v.view({1, -1, 1, 1}); };
    const auto count = group_summed(at::full({1}, static_cast<double>(x.numel() / x.size(1)), x.options().requires_grad(false)));
    const auto middle = group_summed(x.sum(others)) / count;
    const auto centred = x - each(middle);
    const auto spread = group_summed((centred * centred).sum(others)) / count;
    {
        const at::NoGradGuard unrecorded;
        mean.lerp_(middle, 0.1);
        variance.lerp_(spread * count / (count - 1), 0.1);
    }
    return centred * each(at::rsqrt(spread + epsilon) * weight) + each(bias);
}

Handle *convolution(
    Handle *x, Handle *kernel, Handle *weight, Handle *bias, Handle *mean, Handle *variance, float epsilon, int32_t stride,
    int32_t padding, Handle *residual, int32_t activation, int32_t trains) {
    return made([&] {
        const bool normalises = mean != nullptr;
        auto y = at::conv2d(
            x->value.to(kernel->value.scalar_type()), kernel->value, normalises ? std::nullopt : optional(bias), {stride, stride},
            {padding, padding});
        if (normalises && trains == 2 && in_group()) {
            y = group_norm(y, weight->value, bias->value, mean->value, variance->value, epsilon);
        } else if (normalises) {
            y = at::batch_norm(
                y, optional(weight), optional(bias), optional(mean), optional(variance), trains != 0,
                /*momentum=*/0.1, epsilon, /*cudnn_enabled=*/true);
        }
        return activated(residual == nullptr ? y : residual->value + y, activation);
    });
}

Handle *average_pool(Handle *x, int32_t window) {
    return made([&] { return at::avg_pool2d(x->value, {window, window}); });
}

Handle *max_pool(Handle *x, int32_t window, int32_t stride) {
    return made([&] { return at::max_pool2d(x->value, {window, window}, {stride, stride}, {window / 2, window / 2}); });
}

Handle *mean(Handle *x) {
    return made([&] { return x->value.to(stream_type(x->value)).mean(at::IntArrayRef{2, 3}); });
}

Handle *mean_and_positions(Handle *x, Handle *table, int32_t type) {
    return made([&] {
        const auto positions = x->value.to(stream_type(x->value)).flatten(2).transpose(1, 2);  // [n, side · side, channels]
        const auto all = at::cat({positions.mean(1, /*keepdim=*/true), positions}, 1) + table->value;
        return all.reshape({-1, all.size(2)}).to(scalar_type(type));
    });
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const diptych_torch_functions *diptych_torch_plugin(void) {
    static const diptych_torch_functions functions = [] {
        diptych_torch_functions functions{};
        functions.interface = DIPTYCH_TORCH_INTERFACE;
        functions.version = TORCH_VERSION;
        functions.last_error = last_failure;
        functions.cuda_devices = cuda_devices;
        functions.set_threads = set_threads;
        functions.from_floats = from_floats;
        functions.from_indices = from_indices;
        functions.from_doubles = from_doubles;
        functions.copy_floats = copy_floats;
        functions.copy_doubles = copy_doubles;
        functions.release = release;
        functions.shared = shared;
        functions.joined = joined;
        functions.rows = rows;
        functions.transposed = transposed;
        functions.converted = converted;
        functions.embed_tokens = embed_tokens;
        functions.embed_patches = embed_patches;
        functions.layer_norm = layer_norm;
        functions.linear = linear;
        functions.sum = sum;
        functions.attention = attention;
        functions.query_attention = query_attention;
        functions.chosen = chosen;
        functions.convolution = convolution;
        functions.average_pool = average_pool;
        functions.max_pool = max_pool;
        functions.mean = mean;
        functions.mean_and_positions = mean_and_positions;
        add_training(functions);
        add_collectives(functions);
        return functions;
    }();
    return &functions;
}
