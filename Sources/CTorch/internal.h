// What the files of the plug-in share.
#pragma once

#include "diptych_torch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

struct diptych_torch_tensor {
    at::Tensor value;
};

using Handle = diptych_torch_tensor;

// Notes why a call fails, in one line.
void note_failure(const char *reason);
// What the last failed call of this thread noted.
const char *last_failure();

// The only places that exceptions reach.
template <typename Body> Handle *made(Body body) noexcept {
    try {
        return new Handle{body()};
    } catch (const c10::Error &error) {
        note_failure(error.what_without_backtrace());
    } catch (const std::exception &error) {
        note_failure(error.what());
    } catch (...) {
        note_failure("libtorch failed without a reason");
    }
    return nullptr;
}

template <typename Body> int32_t done(Body body) noexcept {
    Handle *empty = made([&] {
        body();
        return at::Tensor();
    });
    const int32_t status = empty == nullptr ? -1 : 0;
    delete empty;
    return status;
}

inline std::optional<at::Tensor> optional(const Handle *x) {
    return x == nullptr ? std::nullopt : std::optional<at::Tensor>(x->value);
}

inline at::Device place(int32_t device) {
    return device < 0 ? at::Device(at::kCPU) : at::Device(at::kCUDA, static_cast<c10::DeviceIndex>(device));
}

inline std::vector<at::Tensor> list(Handle *const *parts, int32_t count) {
    std::vector<at::Tensor> tensors;
    for (int32_t i = 0; i < count; i++) tensors.push_back(parts[i]->value);
    return tensors;
}

// Puts the functions of training.cpp into the table.
void add_training(diptych_torch_functions &functions);
// Puts the functions of collectives.cpp into the table.
void add_collectives(diptych_torch_functions &functions);
// Whether there are other processes.
bool in_group();
// The sum of all processes' x, which gradients follow.
at::Tensor group_summed(const at::Tensor &x);
