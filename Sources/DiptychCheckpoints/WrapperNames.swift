/// The names that training code puts around a model's own: data-parallel training, `torch.compile`, Lightning, a class
/// that holds the model.
enum WrapperNames {
    /// Parts of names that wrappers of PyTorch put anywhere between others.
    private static let inner: Set<Substring> = ["_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"]
    /// The first parts that are taken off where all names have one of them and nothing else tells the model's place.
    private static let outer: Set<Substring> = ["module", "model", "net", "network", "clip", "clip_model"]
    /// A tensor that every model of the family has, at its root.
    private static let root = "logit_scale"

    /// The tensors by the model's own names. Where the model is a part of something else, what lies beside it is none of
    /// its weights, and is left out.
    ///
    /// - Throws: ``CheckpointError`` where two tensors would have one name, or there are several models.
    static func stripped(_ tensors: [String: TensorView], path: String) throws -> [String: TensorView] {
        var plain: [String: TensorView] = [:]
        for (name, view) in tensors {
            let parts = name.split(separator: ".", omittingEmptySubsequences: false)
            let kept = parts.filter { !inner.contains($0) }
            try insert(view, kept.count == parts.count ? name : kept.joined(separator: "."), &plain, path)
        }
        let places = Set(plain.keys.filter { $0 == root || $0.hasSuffix("." + root) }.map { $0.dropLast(root.count) })
        guard !places.contains("") else { return plain }
        guard places.count <= 1 else {
            let names = places.sorted().prefix(4).map { CheckpointError.quoted(String($0)) }
            throw CheckpointError(
                .unsupported, path: path,
                "holds \(places.count) models, under \(names.joined(separator: " and ")); save the state dict of one of them"
            )
        }
        var prefix = places.first ?? ""
        if prefix.isEmpty, let first = plain.keys.first?.prefix(while: { $0 != "." }), outer.contains(first),
            plain.keys.allSatisfy({ $0.hasPrefix(first + ".") })
        {
            prefix = first + "."
        }
        guard !prefix.isEmpty else { return plain }
        var found: [String: TensorView] = [:]
        for (name, view) in plain where name.hasPrefix(prefix) && name.utf8.count > prefix.utf8.count {
            try insert(view, String(name.dropFirst(prefix.count)), &found, path)
        }
        return found
    }

    private static func insert(
        _ view: TensorView, _ name: String, _ tensors: inout [String: TensorView], _ path: String
    ) throws {
        guard tensors.updateValue(view.renamed(name), forKey: name) == nil else {
            throw CheckpointError(
                .malformed, path: path,
                "has two tensors called \(CheckpointError.quoted(name)) without their wrappers' names")
        }
    }
}

extension TensorView {
    /// The same tensor by another name.
    fileprivate func renamed(_ name: String) -> TensorView {
        guard name != self.name else { return self }
        return TensorView(
            name: name, elementType: elementType, shape: shape, bytes: bytes, file: file, memory: memory, origin: origin
        )
    }
}
