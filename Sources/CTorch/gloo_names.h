// The names of Gloo's that ProcessGroupGloo.hpp mentions: libtorch has Gloo inside and does not bring its headers. Objects of these
// types are made and used within libtorch alone; here they are only pointed to.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gloo {

class Algorithm;

class Context {
  public:
    std::chrono::milliseconds getTimeout() const;
    void setTimeout(std::chrono::milliseconds timeout);
};

namespace rendezvous {

class Store {
  public:
    virtual ~Store() = default;
    virtual void set(const std::string &key, const std::vector<char> &data) = 0;
    virtual std::vector<char> get(const std::string &key) = 0;
    virtual void wait(const std::vector<std::string> &keys) = 0;
    virtual void wait(const std::vector<std::string> &keys, const std::chrono::milliseconds &timeout) = 0;
};

}  // namespace rendezvous

namespace transport {

class Device;

class UnboundBuffer {
  public:
    virtual ~UnboundBuffer() = 0;
};

}  // namespace transport
}  // namespace gloo
