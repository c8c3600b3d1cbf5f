internal import Synchronization

/// A place in a checkpoint from which a layer takes its tensors by name, like a directory in a tree.
///
/// `parameters / "visual" / "proj"` goes down; `tensor` takes what lies there. Every name that is taken is recorded,
/// so that ``finish(ignoring:)`` can refuse a checkpoint that holds more than the model uses.
public struct Parameters: Sendable {
    private final class Source: Sendable {
        let checkpoint: Checkpoint
        let taken = Mutex<Set<String>>([])
        init(_ checkpoint: Checkpoint) { self.checkpoint = checkpoint }
    }

    private let source: Source
    /// Where the checkpoint lies, for error messages.
    public var checkpointPath: String { source.checkpoint.path }
    /// The dotted path of this place; empty at the root.
    public let path: String

    /// The root of `checkpoint`.
    public init(_ checkpoint: Checkpoint) {
        source = Source(checkpoint)
        path = ""
    }

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
        source.checkpoint.tensors[path.isEmpty ? name : "\(path).\(name)"]?.shape
    }

    /// Takes the tensor called `name` here, which must have `shape` and hold floating-point numbers.
    ///
    /// - Throws: ``CheckpointError`` with the full path and both shapes.
    public func tensor(_ name: String, shape: [Int]) throws -> TensorView {
        let full = path.isEmpty ? name : "\(path).\(name)"
        let file = source.checkpoint.path
        guard let view = source.checkpoint.tensors[full] else {
            throw CheckpointError(.missing, path: file, "tensor '\(full)' of shape \(shape) is missing")
        }
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
        let unused = source.checkpoint.tensors.keys.filter { !taken.contains($0) && !ignoring($0) }.sorted()
        guard let first = unused.first else { return }
        let more = unused.count == 1 ? "" : " and \(unused.count - 1) more"
        throw CheckpointError(
            .unused, path: source.checkpoint.path,
            "holds tensors that the configuration has no place for: '\(first)'\(more); config.json and weights disagree"
        )
    }
}
