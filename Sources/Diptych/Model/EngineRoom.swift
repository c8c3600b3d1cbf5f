internal import DiptychEngine
internal import DiptychModels
internal import DiptychTensors

/// The one place where a model runs: an actor on a thread of its own, so that one forward pass at a time has all cores.
///
/// Towers are prepared on first use: a process that embeds only text never packs the image tower.
actor EngineRoom {
    private let thread: EngineThread
    private let files: ModelFiles
    private let options: ModelOptions
    private var engines: [Precision: CPUEngine] = [:]
    private var texts: [Precision: TextTower<CPUEngine>] = [:]
    private var visions: [Precision: VisionTower<CPUEngine>] = [:]
    private var decision: PrecisionDecision?

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    init(files: sending ModelFiles, options: ModelOptions) {
        self.files = files
        self.options = options
        thread = EngineThread(name: "diptych-engine")
    }

    /// Text embeddings, not normalised: [texts, dimension].
    func encode(_ tokens: TokenBatch) throws -> [Float] { try encode(tokens, at: precision().precision) }

    /// Picture embeddings, not normalised: [pictures, dimension].
    func encode(_ pixels: PixelBatch) throws -> [Float] { try encode(pixels, at: precision().precision) }

    /// What runs: the instruction set, the number of threads and the precision.
    func description() throws -> EngineDescription {
        let decision = try precision()
        let engine = try engine(decision.precision)
        return EngineDescription(
            instructions: engine.instructions, threads: engine.threads, precision: decision.precision,
            reason: decision.reason)
    }

    /// How long each operation of a pass over `pixels` takes: the median pass of `passes`, in order.
    func time(pixels: PixelBatch, passes: Int) throws -> [Duration] {
        let timing = try TimingEngine(engine(precision().precision))
        let tower = try VisionTower(Parameters(files.checkpoint), files.configuration, engine: timing)
        return try Self.median(of: passes, timing) { _ = try tower(pixels) }
    }

    /// The same for the texts of all `batches`, one batch after the other.
    func time(tokens batches: [TokenBatch], passes: Int) throws -> [Duration] {
        let timing = try TimingEngine(engine(precision().precision))
        let tower = try TextTower(Parameters(files.checkpoint), files.configuration, engine: timing)
        return try Self.median(of: passes, timing) { for tokens in batches { _ = try tower(tokens) } }
    }

    private static func median(
        of passes: Int, _ timing: TimingEngine<CPUEngine>, _ run: () throws -> Void
    ) throws -> [Duration] {
        try run()  // compiles the matrix products
        let results = try (0..<max(1, passes)).map { _ in
            timing.reset()
            try run()
            return timing.durations
        }
        let sorted = results.sorted { $0.reduce(.zero, +) < $1.reduce(.zero, +) }
        return sorted[sorted.count / 2]
    }

    private func encode(_ tokens: TokenBatch, at precision: Precision) throws -> [Float] {
        let tower: TextTower<CPUEngine>
        if let ready = texts[precision] {
            tower = ready
        } else {
            tower = try TextTower(Parameters(files.checkpoint), files.configuration, engine: engine(precision))
            texts[precision] = tower
        }
        return try tower(tokens).floats()
    }

    private func encode(_ pixels: PixelBatch, at precision: Precision) throws -> [Float] {
        let tower: VisionTower<CPUEngine>
        if let ready = visions[precision] {
            tower = ready
        } else {
            tower = try VisionTower(Parameters(files.checkpoint), files.configuration, engine: engine(precision))
            visions[precision] = tower
        }
        return try tower(pixels).floats()
    }

    private func engine(_ precision: Precision) throws -> CPUEngine {
        if let ready = engines[precision] { return ready }
        let engine = try CPUEngine(
            precision: precision, threads: options.threadCount, instructions: options.instructions)
        engines[precision] = engine
        return engine
    }

    /// Which precision this model runs at, decided once.
    private func precision() throws -> PrecisionDecision {
        if let decision { return decision }
        let made: PrecisionDecision =
            switch options.precision {
            case .fp32: PrecisionDecision(precision: .fp32, reason: "asked for")
            case .bf16: try asked(for: .bf16)
            case .int8: try asked(for: .int8)
            case .auto: try measuredPrecision()
            }
        decision = made
        return made
    }

    private func asked(for precision: Precision) throws -> PrecisionDecision {
        guard try engine(precision).precision == precision else {
            return PrecisionDecision(
                precision: .fp32,
                reason: "\(precision.rawValue) was asked for, but this processor has no \(precision.instructions)")
        }
        return PrecisionDecision(precision: precision, reason: "asked for")
    }

    /// The fastest that the processor has at which a sample of texts and pictures loses no more than
    /// ``PrecisionProbe/negligibleLoss``.
    private func measuredPrecision() throws -> PrecisionDecision {
        let probe = PrecisionProbe(files.configuration)
        var reasons: [String] = []
        var exact: (texts: [Float], pictures: [Float])?
        for candidate in [Precision.int8, .bf16] {
            guard try engine(candidate).precision == candidate else {
                reasons.append("this processor has no \(candidate.instructions)")
                continue
            }
            let original = try exact ?? (encode(probe.tokens, at: .fp32), encode(probe.pixels, at: .fp32))
            exact = original
            // The towers of several precisions at once would be a waste of memory.
            forget(.fp32)
            let loss = try max(
                probe.loss(original.texts, encode(probe.tokens, at: candidate)),
                probe.loss(original.pictures, encode(probe.pixels, at: candidate)))
            reasons.append("measured loss of \(candidate.rawValue) on this model: 1 − cosine ≤ \(loss)")
            if loss <= PrecisionProbe.negligibleLoss {
                return PrecisionDecision(precision: candidate, reason: reasons.joined(separator: "; "))
            }
            forget(candidate)
        }
        return PrecisionDecision(precision: .fp32, reason: reasons.joined(separator: "; "))
    }

    private func forget(_ precision: Precision) {
        (texts[precision], visions[precision], engines[precision]) = (nil, nil, nil)
    }
}

extension Precision {
    /// The instructions that it needs.
    fileprivate var instructions: String {
        switch self {
        case .fp32: "vector instructions"
        case .bf16: "AVX512_BF16"
        case .int8: "AVX512_VNNI"
        }
    }
}

/// A precision and why it was chosen.
struct PrecisionDecision {
    let precision: Precision
    let reason: String
}
