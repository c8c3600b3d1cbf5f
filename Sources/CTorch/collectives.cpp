// Several processes behind diptych_torch.h: c10d's store over TCP, and Gloo.
#define USE_C10D_GLOO

#include "internal.h"

#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <c10/util/Logging.h>

#include <cstdlib>
#include <memory>

namespace {

struct Group {
    c10::intrusive_ptr<c10d::Store> store;
    c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo;
    int64_t rank;
    int64_t size;
};

// A process belongs to one group.
std::unique_ptr<Group> group;

Group &joined_group() {
    TORCH_CHECK(group, "this process has joined no group");
    return *group;
}

// Gloo computes on processors; a tensor of a GPU goes there and back.
at::Tensor on_processors(const at::Tensor &x) { return x.detach().to(at::kCPU).contiguous().clone(); }

at::Tensor summed(const at::Tensor &x) {
    std::vector<at::Tensor> whole{on_processors(x)};
    joined_group().gloo->allreduce(whole)->wait();
    return whole[0].to(x.device());
}

// Every process's x in the order of ranks, [size · rows, width].
at::Tensor gathered(const at::Tensor &x) {
    auto &own = joined_group();
    std::vector<at::Tensor> inputs{on_processors(x)};
    std::vector<std::vector<at::Tensor>> outputs(1);
    for (int64_t rank = 0; rank < own.size; rank++) outputs[0].push_back(at::empty_like(inputs[0]));
    own.gloo->allgather(outputs, inputs)->wait();
    return at::cat(outputs[0]).to(x.device());
}

// Gradients go back to the process that a row came from, as torch.distributed.nn.all_gather has it.
struct Gather : torch::autograd::Function<Gather> {
    static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x) {
        context->saved_data["rows"] = x.size(0);
        return gathered(x);
    }

    static torch::autograd::variable_list backward(
        torch::autograd::AutogradContext *context, const torch::autograd::variable_list &gradients) {
        const auto rows = context->saved_data["rows"].toInt();
        return {summed(gradients[0]).narrow(0, joined_group().rank * rows, rows)};
    }
};

struct Sum : torch::autograd::Function<Sum> {
    static at::Tensor forward(torch::autograd::AutogradContext *, const at::Tensor &x) { return summed(x); }

    static torch::autograd::variable_list backward(
        torch::autograd::AutogradContext *, const torch::autograd::variable_list &gradients) {
        return {summed(gradients[0])};
    }
};

// --- The functions ---

int32_t join_group(const char *host, int32_t port, int32_t rank, int32_t size, int32_t is_host, int32_t seconds) {
    return done([&] {
        // c10d writes a stack to standard error wherever another process goes; the caller says what happened in one line.
        setenv("TORCH_CPP_LOG_LEVEL", "FATAL", /*replace=*/0);
        c10::initLogging();
        c10d::TCPStoreOptions options;
        options.port = static_cast<uint16_t>(port);
        options.isServer = is_host != 0;
        options.numWorkers = size;
        options.timeout = std::chrono::seconds(seconds);
        auto joining = std::make_unique<Group>();
        joining->store = c10::make_intrusive<c10d::TCPStore>(host, options);
        auto gloo = c10d::ProcessGroupGloo::Options::create(std::chrono::seconds(seconds));
        // The network interface that Gloo's users name, as torch.distributed has it.
        const char *interface = std::getenv("GLOO_SOCKET_IFNAME");
        gloo->devices.push_back(
            interface != nullptr && *interface != 0 ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                                                    : c10d::ProcessGroupGloo::createDefaultDevice());
        joining->gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(joining->store, rank, size, gloo);
        joining->rank = rank;
        joining->size = size;
        group = std::move(joining);
    });
}

int32_t leave_group() {
    return done([&] { group.reset(); });
}

int32_t tell_group(const char *key, int64_t number) {
    return done([&] { joined_group().store->set(key, std::to_string(number)); });
}

int64_t asked_group(const char *key) {
    int64_t number = -1;
    done([&] {
        auto &own = joined_group();
        if (own.store->check({key})) number = std::stoll(own.store->get_to_str(key));
    });
    return number;
}

Handle *gather(Handle *x, int32_t follows) {
    return made([&] { return follows ? Gather::apply(x->value) : gathered(x->value); });
}

Handle *group_sum(Handle *x) {
    return made([&] { return Sum::apply(x->value); });
}

// In parts of about 32 MB, so that the copies stay small.
int32_t average_gradients(Handle *const *leaves, int32_t count) {
    return done([&] {
        const at::NoGradGuard unrecorded;
        const auto size = joined_group().size;
        std::vector<at::Tensor> part;
        int64_t numbers = 0;
        const auto flush = [&] {
            if (part.empty()) return;
            std::vector<at::Tensor> flat;
            for (const auto &x : part) flat.push_back(x.flatten());
            const auto whole = summed(at::cat(flat)).div_(static_cast<double>(size));
            int64_t start = 0;
            for (auto &x : part) {
                x.copy_(whole.narrow(0, start, x.numel()).view_as(x));
                start += x.numel();
            }
            part.clear();
            numbers = 0;
        };
        for (auto &leaf : list(leaves, count)) {
            if (!leaf.grad().defined()) continue;
            part.push_back(leaf.mutable_grad());
            numbers += leaf.numel();
            if (numbers > (8 << 20)) flush();
        }
        flush();
    });
}

}  // namespace

bool in_group() { return group != nullptr && group->size > 1; }

at::Tensor group_summed(const at::Tensor &x) { return Sum::apply(x); }

void add_collectives(diptych_torch_functions &functions) {
    functions.join_group = join_group;
    functions.leave_group = leave_group;
    functions.tell_group = tell_group;
    functions.asked_group = asked_group;
    functions.gather = gather;
    functions.group_sum = group_sum;
    functions.average_gradients = average_gradients;
}
