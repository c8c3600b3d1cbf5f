/// What an engine was asked for, or what it became.
public struct EngineSettings: Sendable, Hashable {
    /// The number format of matrix operands.
    public var precision: Precision
    /// The number of threads, at least 1.
    public var threads: Int
    /// The widest vector instructions; nil for what the processor has.
    public var instructions: InstructionSet?

    /// States all three.
    public init(precision: Precision, threads: Int, instructions: InstructionSet? = nil) {
        self.precision = precision
        self.threads = threads
        self.instructions = instructions
    }
}

/// Makes the engines that models run on, so that what runs a model need not know any.
///
///     let (engine, settings) = try factory.makeEngine(EngineSettings(precision: .bf16, threads: 2))
public protocol EngineFactory<Made>: Sendable {
    /// The engine that it makes.
    associatedtype Made: Engine

    /// Makes an engine for `settings`, on the thread that will use it.
    ///
    /// - Returns: the engine, and the settings that it has in fact: a number format that the processor cannot multiply is replaced.
    /// - Throws: ``EngineError`` when it cannot start.
    func makeEngine(_ settings: EngineSettings) throws -> (engine: Made, settings: EngineSettings)

    /// The engines' name for reports, such as "cpu".
    var name: String { get }
    /// Why the engines do not compute in `precision`, for messages: "this processor has no AVX512_VNNI".
    func reasonAgainst(_ precision: Precision) -> String
}

extension EngineFactory {
    /// The engine's type.
    public var name: String { String(describing: Made.self) }

    /// Names the precision.
    public func reasonAgainst(_ precision: Precision) -> String { "the engine has no \(precision.rawValue)" }
}

/// Makes engines that compute on this machine's processors: the default, and the only place that names their type.
public struct CPUFactory: EngineFactory {
    /// A factory; there is nothing to choose.
    public init() {}

    /// "cpu".
    public var name: String { "cpu" }

    /// Names the instructions that the processor lacks.
    public func reasonAgainst(_ precision: Precision) -> String {
        switch precision {
        case .fp32: "this processor has no vector instructions"
        case .bf16: "this processor has no AVX512_BF16"
        case .int8: "this processor has no AVX512_VNNI"
        }
    }

    /// Makes an engine; bf16 and int8 become fp32 where the processor cannot multiply such numbers.
    public func makeEngine(_ settings: EngineSettings) throws -> (engine: CPUEngine, settings: EngineSettings) {
        let engine = try CPUEngine(
            precision: settings.precision, threads: settings.threads, instructions: settings.instructions)
        return (
            engine,
            EngineSettings(precision: engine.precision, threads: engine.threads, instructions: engine.instructions)
        )
    }
}

extension EngineFactory where Self == CPUFactory {
    /// Engines that compute on this machine's processors.
    public static var cpu: CPUFactory { CPUFactory() }
}
