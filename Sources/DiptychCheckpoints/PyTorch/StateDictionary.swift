/// The names that a pickle's tensors go by.
struct StateDictionary {
    /// The deepest that modules may lie in one another.
    static let maximumDepth = 64
    /// The longest name of a tensor, in bytes of UTF-8.
    static let maximumNameBytes = 4096

    let heap: PickleHeap
    /// The file, for errors.
    let path: String

    private func malformed(_ reason: String) -> CheckpointError { CheckpointError(.malformed, path: path, reason) }

    // MARK: torch.save

    /// The keys under which training scripts keep a state dict, the likeliest first.
    private static let containers = [
        "state_dict", "model_state_dict", "model", "model_state", "module", "net", "network", "student", "clip",
        "clip_model", "weights", "params", "parameters", "model_weights", "ema", "model_ema", "state_dict_ema",
    ]

    /// The deepest that a training checkpoint may hold its state dict.
    private static let deepestContainer = 3

    /// The tensors of a state dict, or of a training checkpoint that holds one.
    func tensors(of root: PickleValue) throws -> [String: Int] {
        guard case .dictionary(let place) = root else {
            throw malformed("holds no state dict but something else; save model.state_dict()")
        }
        guard let found = try tensors(in: place, depth: 0) else {
            var place = place
            if case .dictionary(let inner)? = Self.containers.lazy.compactMap({ heap.value($0, in: place) }).first {
                place = inner
            }
            let keys = heap.dictionaries[place].prefix(8).map {
                if case .string(let key) = $0.key { CheckpointError.quoted(key) } else { "a key that is no text" }
            }
            throw malformed(
                "holds no tensors where a state dict was expected, "
                    + (keys.isEmpty ? "the dictionary is empty" : "but \(keys.joined(separator: ", "))"))
        }
        return try strippingPrefix(found)
    }

    /// The tensors of the dictionary at `place`, or of one inside it; nil where there are none.
    private func tensors(in place: Int, depth: Int) throws -> [String: Int]? {
        guard depth <= Self.deepestContainer else { return nil }
        // Beside the weights there may be a tensor with the loss.
        for key in Self.containers {
            guard case .dictionary(let inner) = heap.value(key, in: place) else { continue }
            if let found = try tensors(in: inner, depth: depth + 1) { return found }
        }
        let own = try named(in: place)
        return own.isEmpty ? nil : own
    }

    /// The tensors that are values of the dictionary at `place`; what else it holds is no weight.
    private func named(in place: Int) throws -> [String: Int] {
        var found: [String: Int] = [:]
        for (key, value) in heap.dictionaries[place] {
            guard case .tensor(let tensor) = value else {
                // The last value of a key counts.
                if case .string(let name) = key { found[name] = nil }
                continue
            }
            guard case .string(let name) = key else { throw malformed("a tensor of the state dict has no name") }
            try check(name)
            found[name] = tensor
        }
        return found
    }

    /// Without the name that data-parallel training puts in front of every name.
    private func strippingPrefix(_ tensors: [String: Int]) throws -> [String: Int] {
        let prefix = "module."
        guard tensors.keys.allSatisfy({ $0.hasPrefix(prefix) && $0.utf8.count > prefix.utf8.count }) else {
            return tensors
        }
        return Dictionary(uniqueKeysWithValues: tensors.map { (String($0.dropFirst(prefix.count)), $1) })
    }

    // MARK: torch.jit.save

    /// The parameters and buffers of a module and of those below it, by their paths.
    ///
    /// `torch.jit.save` writes attributes in the order parameters, buffers, `training`, everything else; only modules
    /// have `training`. So a tensor before it is in the module's `state_dict()`, and a tensor after it is a plain
    /// attribute, which is not. (The archive's code says the same at length, but it is compressed.)
    func modules(of root: PickleValue) throws -> [String: Int] {
        guard case .object(let object) = root else { throw malformed("is a TorchScript archive without a module") }
        var found: [String: Int] = [:]
        var waiting = [(object: object, prefix: "", depth: 0)]
        // Modules can be shared, and a file can share them so often that the paths are without end.
        var looked = 0
        while let (object, prefix, depth) = waiting.popLast() {
            guard let place = heap.objects[object] else { continue }
            let attributes = heap.dictionaries[place]
            looked += attributes.count + 1
            guard depth <= Self.maximumDepth, looked <= Unpickler.maximumValues else {
                throw malformed("its modules lie too deep in one another, or are too many")
            }
            let names = try attributes.map { attribute in
                guard case .string(let name) = attribute.key else { throw malformed("an attribute has no name") }
                return name
            }
            guard let boundary = names.firstIndex(of: "training") else { continue }
            for (index, name) in names.enumerated() {
                switch attributes[index].value {
                case .tensor(let tensor) where index < boundary:
                    try check(prefix, name)
                    guard found.updateValue(tensor, forKey: prefix + name) == nil else {
                        throw malformed("has two tensors called \(CheckpointError.quoted(prefix + name))")
                    }
                case .object(let inner):
                    try check(prefix, name)
                    waiting.append((inner, "\(prefix)\(name).", depth + 1))
                default: break
                }
            }
        }
        guard !found.isEmpty else { throw malformed("is a TorchScript archive without parameters") }
        return found
    }

    private func check(_ parts: String...) throws {
        guard parts.reduce(0, { $0 + $1.utf8.count }) <= Self.maximumNameBytes else {
            throw malformed("has a tensor whose name is longer than \(Self.maximumNameBytes) bytes")
        }
    }
}
