public import DiptychEngine
public import DiptychModels
internal import Foundation

/// How a model is run.
public struct ModelOptions: Sendable {
    /// Which number format to use.
    public enum PrecisionChoice: String, Sendable, CaseIterable {
        /// 32-bit floats, equal to the reference implementations up to rounding.
        case fp32
        /// bfloat16 matrix operands, where the processor has them.
        case bf16
        /// Matrix products of bytes, where the processor sums them.
        case int8
        /// The fastest whose measured loss on this model is negligible.
        case auto
    }

    /// The number format.
    public var precision: PrecisionChoice
    /// The factory of the engine that runs it; by default, an engine for this machine's processors.
    public var engine: any EngineFactory = CPUFactory()
    /// The number of the GPU that ONNX Runtime runs an ONNX file on; nil for this machine's processors. Other models ignore it.
    public var cudaDevice: Int?
    /// The number of threads, at least 1; nil for one a physical core that this process may use.
    ///
    /// More than four a processor only get in each other's way, and would use up what the system grants: so many are used.
    public var threads: Int?
    /// The widest vector instructions to use; nil for what the processor has.
    public var instructions: InstructionSet?
    /// The feed-forward non-linearity of a checkpoint that does not say which it was trained with; nil for all that do.
    public var activation: Activation?
    /// The attention heads of a checkpoint that does not say and is not of a published model; nil for all that are known.
    public var heads: HeadCounts?
    /// The images that are encoded together, at least 1.
    public var batchSize: Int {
        didSet { batchSize = max(1, batchSize) }
    }

    /// Whether a text that is longer than the model's context is an error; otherwise it loses its last tokens, as in the
    /// reference implementations.
    public var refusesLongTexts = false
    /// Called with each text that has lost tokens, before it is embedded.
    public var onTruncation: (@Sendable (TruncatedText) -> Void)?

    /// The options with their defaults: exact arithmetic on all physical cores.
    public init(
        precision: PrecisionChoice = .fp32, threads: Int? = nil, instructions: InstructionSet? = nil,
        activation: Activation? = nil, heads: HeadCounts? = nil, batchSize: Int = 16
    ) {
        self.precision = precision
        self.threads = threads
        self.instructions = instructions
        self.activation = activation
        self.heads = heads
        self.batchSize = max(1, batchSize)
    }

    /// The number of threads to use.
    package var threadCount: Int { min(max(1, threads ?? Self.physicalCores), 4 * Self.logicalProcessors) }

    /// The hardware threads that this process may run on.
    private static let logicalProcessors = max(1, ProcessInfo.processInfo.activeProcessorCount)

    /// The physical cores that this process may run on.
    ///
    /// Two hardware threads of one core share its multipliers, so a second one only gets in the way.
    static let physicalCores: Int = {
        let logical = logicalProcessors
        // Linux lists the hardware threads of a core as "0,64" or "0-1".
        let path = "/sys/devices/system/cpu/cpu0/topology/thread_siblings_list"
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return logical }
        let siblings = text.split(separator: ",").reduce(0) { count, part in
            let ends = part.split(separator: "-").compactMap { Int($0.filter(\.isNumber)) }
            return count + (ends.count == 2 ? ends[1] - ends[0] + 1 : 1)
        }
        return max(1, logical / max(1, siblings))
    }()
}

/// A text of which the model does not see the end.
public struct TruncatedText: Sendable, Hashable, CustomStringConvertible {
    /// The text.
    public let text: String
    /// How many of its tokens were cut off.
    public let lostTokens: Int
    /// The most tokens that the model reads, start and end included.
    public let contextLength: Int

    /// What happened, in one line.
    public var description: String {
        let start = text.count > 40 ? text.prefix(40) + "…" : text[...]
        return "\(String(start).debugDescription) is longer than the \(contextLength) tokens that the model reads: "
            + "its last \(lostTokens) are lost"
    }
}
