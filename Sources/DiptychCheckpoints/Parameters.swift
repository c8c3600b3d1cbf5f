internal import Synchronization

/// A place in a checkpoint, or among values to start a training from, where a layer takes its tensors by name, like a directory in
/// a tree.
///
/// `parameters / "visual" / "proj"` goes down; `tensor` takes what lies there. Every name that is taken is recorded,
/// so that ``finish(ignoring:)`` can refuse a checkpoint that holds more than the model uses.
public struct Parameters: Sendable {
    private final class Source: Sendable {
        let path: String
        /// What makes tensors that are not there yet; nil where all come from a checkpoint.
        let initial: InitialValues?
        let tensors: Mutex<[String: TensorView]>
        let taken = Mutex<Set<String>>([])

        init(path: String, tensors: [String: TensorView], initial: InitialValues?) {
            self.path = path
            self.initial = initial
            self.tensors = Mutex(tensors)
        }

        /// The tensor of a full name.
        func tensor(_ name: String, shape: [Int]) throws -> TensorView {
            let (file, initial) = (path, initial)
            return try tensors.withLock { tensors in
                if let view = tensors[name] { return view }
                guard let initial else {
                    throw CheckpointError(.missing, path: file, "tensor '\(name)' of shape \(shape) is missing")
                }
                let made = try initial.tensor(name, shape: shape)
                tensors[name] = made
                return made
            }
        }
    }

    private let source: Source
    /// Where the checkpoint lies, for error messages.
    public var checkpointPath: String { source.path }
    /// The dotted path of this place; empty at the root.
    public let path: String

    /// The root of `checkpoint`.
    public init(_ checkpoint: Checkpoint) {
        source = Source(path: checkpoint.path, tensors: checkpoint.tensors, initial: nil)
        path = ""
    }

    /// The root of parameters that start from `values`: whatever tensor a layer takes is made when it is first taken.
    ///
    /// - Parameter known: tensors that are there already, such as those of a pretrained tower; their values stay.
    public init(startingFrom values: InitialValues, known: [String: TensorView] = [:]) {
        source = Source(path: "initial values", tensors: known, initial: values)
        path = ""
    }

    /// The tensors of the checkpoint, or all that have been made so far.
    public var checkpoint: Checkpoint { Checkpoint(path: source.path, tensors: source.tensors.withLock { $0 }) }

    private init(source: Source, path: String) {
        self.source = source
        self.path = path
    }

    /// The place called `name` below this one.
    public static func / (parent: Parameters, name: String) -> Parameters {
        Parameters(source: parent.source, path: parent.path.isEmpty ? name : "\(parent.path).\(name)")
    }

    /// The place of the `index`-th element of a list.
    public static func / (parent: Parameters, index: Int) -> Parameters { parent / String(index) }

    /// Whether a tensor called `name` lies here.
    public func contains(_ name: String) -> Bool { shape(of: name) != nil }

    /// The shape of the tensor called `name` here, if there is one.
    public func shape(of name: String) -> [Int]? {
        let full = path.isEmpty ? name : "\(path).\(name)"
        return source.tensors.withLock { $0[full]?.shape }
    }

    /// Takes the tensor called `name` here, which must have `shape` and hold floating-point numbers.
    ///
    /// - Throws: ``CheckpointError`` with the full path and both shapes.
    public func tensor(_ name: String, shape: [Int]) throws -> TensorView {
        let full = path.isEmpty ? name : "\(path).\(name)"
        let file = source.path
        let view = try source.tensor(full, shape: shape)
        guard view.shape == shape else {
            throw CheckpointError(
                .mismatch, path: file, "tensor '\(full)' has shape \(view.shape), the configuration asks for \(shape)"
            )
        }
        guard view.elementType.isFloatingPoint else {
            throw CheckpointError(
                .mismatch, path: file,
                "tensor '\(full)' holds \(view.elementType.rawValue), floating-point numbers are needed")
        }
        source.taken.withLock { _ = $0.insert(full) }
        return view
    }

    /// Checks that every tensor of the checkpoint has been taken, except those that `ignoring` names.
    ///
    /// - Throws: ``CheckpointError`` of kind `unused` listing the first names.
    public func finish(ignoring: (String) -> Bool = { _ in false }) throws {
        let taken = source.taken.withLock { $0 }
        let unused = source.tensors.withLock { $0 }.keys.filter { !taken.contains($0) && !ignoring($0) }.sorted()
        guard let first = unused.first else { return }
        let more = unused.count == 1 ? "" : " and \(unused.count - 1) more"
        throw CheckpointError(
            .unused, path: source.path,
            "holds tensors that the configuration has no place for: '\(first)'\(more); config.json and weights disagree"
        )
    }
}
