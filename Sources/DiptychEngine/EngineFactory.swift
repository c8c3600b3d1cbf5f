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
}

/// Makes engines that compute on this machine's processors: the default, and the only place that names their type.
public struct CPUFactory: EngineFactory {
    /// A factory; there is nothing to choose.
    public init() {}

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
