public import Diptych
internal import DiptychBasics
public import DiptychSearch
internal import Foundation

/// One task of one store, at work: who is to see which image next, what is decided, and a model that learns from it.
///
///     let workspace = try await LabelWorkspace.open(task, of: store, texts: model)
///     try await workspace.load()
///     let images = try await workspace.next(LabelRequest(tab: "a", author: "ann"))
///     try await workspace.decide([LabelDecision(id: "1", part: images[0].part, labels: ["cat"])], by: "ann")
///
/// When ``decide(_:by:)`` and ``undo(id:by:)`` return, what they did is on disk. Several programs may work on one store: each reads
/// what the others wrote before it writes.
public actor LabelWorkspace {
    let store: any VectorStore
    let embedder: (any TextEmbedder)?
    /// How many people answer each image.
    let people: Int
    var task: LabelTask
    var log: LabelLog
    var pool: LabelPool
    var isLoaded = false
    var head: LabelHead?
    var predictions: [LabelHead.Prediction] = []
    var calibration = SuggestionCalibration()
    var texts: [String: [Float]] = [:]
    var training: Training?
    var isTraining = false
    var trainedAt = -1
    var leases: [Int64: (tab: String, author: String, until: ContinuousClock.Instant)] = [:]
    var randomRows: [Int] = []
    var nearestRows: (query: [Float], count: Int, rows: [Int])?
    var filtered: (text: String, items: Set<String>, until: ContinuousClock.Instant)?
    private var tail: Task<Void, Never>?
    private var caughtUp = (at: ContinuousClock.now - .seconds(3600), cost: Duration.zero)

    /// Images that a tab was given are nobody else's for so long.
    static let leaseTime = Duration.seconds(600)
    /// A head is trained again after so many decisions.
    static let trainingStep = 10
    private static let page = 4096

    /// How long the last training took, and on how many images.
    struct Training: Sendable {
        let seconds: Double
        let samples: Int
    }

    /// Opens a task: adds the labels that it lacks, and replays what was said before.
    ///
    /// - Parameters:
    ///   - task: its kind, and labels that are added to those of the store.
    ///   - texts: the model whose embeddings the store has, for suggestions before there are labels; nil for none.
    ///   - people: how many people answer each image.
    /// - Throws: ``StoreError``, ``LabelError``.
    public static func open(
        _ task: LabelTask, of store: any VectorStore, texts: (any TextEmbedder)? = nil, people: Int = 1
    ) async throws -> LabelWorkspace {
        var known = try await LabelTask.read(task.kind, from: store) ?? LabelTask(task.kind)
        let count = known.labels.count
        // A name that was given up stands in lists that were written before; it is not taken up again by opening one of them.
        for label in task.labels where try known.current(LabelTask.checked(label)) == LabelTask.checked(label) {
            try known.add(label)
        }
        if known.labels.count > count { try await known.save(in: store) }
        let workspace = LabelWorkspace(known, store, texts, people: max(1, people))
        try await workspace.catchUp(isForced: true)
        return workspace
    }

    private init(_ task: LabelTask, _ store: any VectorStore, _ embedder: (any TextEmbedder)?, people: Int) {
        (self.task, self.store, self.embedder, self.people) = (task, store, embedder, people)
        log = LabelLog(task)
        pool = LabelPool(dimension: store.dimension)
    }

    /// The task as it is now.
    public var current: LabelTask { task }

    /// Reads the store's images, as far as that is not done, and trains the first head.
    ///
    /// - Throws: ``StoreError``, `CancellationError`.
    public func load() async throws {
        var next = pool
        var isMore = true
        while isMore {
            try Task.checkCancellation()
            isMore = try await next.read(from: store)
            pool = next
        }
        isLoaded = true
        await train()
    }

    /// Takes in images that were added to the store.
    func refresh() async throws {
        guard isLoaded else { return }
        var next = pool
        while try await next.read(from: store) {}
        if next.count > pool.count {
            pool = next
            (randomRows, nearestRows, predictions) = ([], nil, [])
        }
    }

    // MARK: One after the other

    /// Runs what writes, one after the other.
    func exclusively<T: Sendable>(_ body: @escaping @Sendable (isolated LabelWorkspace) async throws -> T) async throws
        -> T
    {
        let before = tail
        let work = Task {
            await before?.value
            return try await body(self)
        }
        tail = Task { _ = try? await work.value }
        return try await work.value
    }

    /// Replays what was written since, by whomever. Where that takes long, not every time.
    func catchUp(isForced: Bool = false) async throws {
        let start = ContinuousClock.now
        guard isForced || start - caughtUp.at > caughtUp.cost * 50 else { return }
        while true {
            let said = try await store.annotations(ofTask: task.name, after: log.last, limit: Self.page)
            log.add(said)
            if said.count < Self.page { break }
        }
        let cost = ContinuousClock.now - start
        caughtUp = (.now, isForced || cost < .milliseconds(20) ? .zero : cost)
    }

    /// Whether each write can be followed by reading what was written.
    private var isQuick: Bool { caughtUp.cost == .zero }

    private func write(_ annotations: [Annotation]) async throws {
        guard !annotations.isEmpty else { return }
        let stored = try await store.annotate(annotations)
        if isQuick { try await catchUp(isForced: true) } else { log.add(stored) }
    }

    // MARK: Deciding

    /// Stores decisions, all or none; when this returns, they are on disk. Those that are stored already are left as they are, and
    /// nobody else's later decision is written over.
    ///
    /// - Returns: what became of each.
    /// - Throws: ``LabelError`` for one that makes no sense, ``StoreError``.
    public func decide(_ decisions: [LabelDecision], by author: String) async throws -> [LabelOutcome] {
        try await exclusively { workspace in try await workspace.decideNow(decisions, by: author) }
    }

    private func decideNow(_ decisions: [LabelDecision], by author: String) async throws -> [LabelOutcome] {
        try await catchUp()
        // What is added to is what stands behind the decisions before it.
        var added: [Int64: [String]] = [:]
        let checked = try decisions.map { given in
            var decision = given
            if given.adds, task.kind != .single, !given.isSkip {
                let standing = added[given.part] ?? log.state(of: given.part).labels
                decision.labels = standing + given.labels
            }
            let checked = try self.checked(decision)
            added[given.part] = checked.labels
            return checked
        }
        try await addLabels(of: checked)
        var outcomes: [LabelOutcome?] = []
        var (annotations, places): ([Annotation], [(place: Int, id: String)]) = ([], [])
        var seen: Set<String> = []
        for decision in checked {
            if let known = log.decision(decision.id) {
                outcomes.append(.repeated(revision: known.revision))
            } else if !seen.insert(decision.id).inserted {
                throw LabelError("two decisions have the identifier '\(decision.id)'; each needs its own")
            } else if let other = conflict(decision, author) {
                outcomes.append(.conflict(other))
            } else {
                places.append((outcomes.count, decision.id))
                outcomes.append(nil)
                annotations.append(
                    Annotation(
                        part: decision.part, task: task.name,
                        value: decision.isSkip ? nil : task.value(decision.labels),
                        author: author, origin: decision.origin, time: decision.time, details: decision.details))
            }
        }
        try await write(annotations)
        for (place, id) in places {
            outcomes[place] = .stored(revision: log.decision(id)?.revision ?? 0)
        }
        for decision in checked { leases[decision.part] = nil }
        trainIfDue()
        return outcomes.compactMap { $0 }
    }

    private func checked(_ decision: LabelDecision) throws(LabelError) -> LabelDecision {
        var decision = decision
        guard (1...LabelDecision.idLimit).contains(decision.id.utf8.count), !decision.id.utf8.contains(0),
            (decision.group?.utf8.count ?? 0) <= LabelDecision.idLimit
        else { throw LabelError("a decision needs an identifier of 1 to \(LabelDecision.idLimit) bytes") }
        var seen: Set<String> = []
        decision.labels = try decision.labels.map { label throws(LabelError) in
            task.current(try LabelTask.checked(label))
        }.filter { seen.insert($0).inserted }
        if decision.isSkip { decision.labels = [] }
        switch task.kind {
        case .single where !decision.isSkip && decision.labels.count != 1:
            throw LabelError("an image has one label in this task, not \(decision.labels.count)")
        case .text where !decision.isSkip && decision.labels.isEmpty:
            throw LabelError("a text is empty; write one, or skip the image")
        case _ where decision.labels.count > 1000: throw LabelError("an image has 1000 labels at most")
        default: break
        }
        if decision.isBlind, decision.suggestion == nil, !decision.isSkip {
            decision.suggestion = suggestion(forPart: decision.part)
        }
        return decision
    }

    /// Labels that the task does not have yet are added to it, before anything refers to them.
    private func addLabels(of decisions: [LabelDecision]) async throws {
        guard task.kind != .text else { return }
        let known = Set(task.labels)
        var changed = task
        for decision in decisions {
            for label in decision.labels where !known.contains(label) { try changed.add(label) }
        }
        guard changed != task else { return }
        try await changed.save(in: store)
        task = changed
    }

    /// What was decided since the reader saw the image, by anybody whose decision this one would replace.
    private func conflict(_ decision: LabelDecision, _ author: String) -> LabelState? {
        guard let seen = decision.revision, !decision.settles else { return nil }
        let isTaken = (log.parts[decision.part] ?? []).contains { entry in
            !entry.isUndone && entry.revision > seen && (people == 1 || log.authors[Int(entry.author)] == author)
        }
        return isTaken ? log.state(of: decision.part) : nil
    }

    /// Takes back what a person decided last: one image, or a group that was decided together.
    ///
    /// - Parameter id: who sends it again takes nothing else back.
    /// - Returns: the images as they are now; empty where there is nothing to take back, or it was done already.
    /// - Throws: ``LabelError``, ``StoreError``.
    public func undo(id: String, by author: String) async throws -> [UndoneLabel] {
        guard (1...LabelDecision.idLimit).contains(id.utf8.count), !id.utf8.contains(0) else {
            throw LabelError("taking back needs an identifier of 1 to \(LabelDecision.idLimit) bytes")
        }
        return try await exclusively { workspace in try await workspace.undoNow(id, by: author) }
    }

    private func undoNow(_ id: String, by author: String) async throws -> [UndoneLabel] {
        try await catchUp()
        if log.decision(id) != nil { return [] }
        let step = log.lastStep(of: author)
        let annotations = step.map { part, revision in
            let rest = log.value(of: part, without: revision)
            let value = rest.flatMap { $0.isSkip ? nil : task.value($0.labels) }
            return Annotation(
                part: part, task: task.name, value: value, author: author, origin: .undone(to: rest?.revision ?? 0),
                details: .object(["id": .text(id), "undoes": .integer(Int64(revision))]))
        }
        try await write(annotations)
        var undone: [UndoneLabel] = []
        for (part, _) in step {
            let item = pool.rows[part].map { pool.items[$0] }
            undone.append(UndoneLabel(part: part, item: item, state: log.state(of: part)))
        }
        return undone
    }

    // MARK: Labels

    /// Adds a label.
    ///
    /// - Returns: the label as it is kept.
    /// - Throws: ``LabelError``, ``StoreError``.
    @discardableResult
    public func add(label: String) async throws -> String {
        try await exclusively { workspace in
            var changed = workspace.task
            let kept = try changed.add(label)
            if changed != workspace.task {
                try await changed.save(in: workspace.store)
                workspace.task = changed
                workspace.trainedAt = -1
                workspace.trainIfDue()
            }
            return kept
        }
    }

    /// Gives a label another name, wherever it stands.
    ///
    /// - Returns: how many images have it.
    /// - Throws: ``LabelError``, ``StoreError``.
    @discardableResult
    public func rename(label: String, to name: String, by author: String) async throws -> Int {
        try await exclusively { workspace in try await workspace.renameNow(label, to: name, by: author) }
    }

    private func renameNow(_ label: String, to name: String, by author: String) async throws -> Int {
        try await catchUp(isForced: true)
        let name = try LabelTask.checked(name)
        guard name != label else { return log.counts[label] ?? 0 }
        var changed = task
        // A phrase that was typed is in no list.
        if !changed.labels.contains(label), log.counts[label] ?? 0 > 0 { try changed.add(label) }
        try changed.rename(label, to: name)
        let parts = log.standingParts.filter { part in
            log.standing(part).map { log.labels($0).contains(label) } ?? false
        }
        // From here on the old name is read as the new one: what follows may be cut off and is right all the same.
        try await changed.save(in: store)
        task = changed
        log = LabelLog(task)
        try await catchUp(isForced: true)
        for start in stride(from: 0, to: parts.count, by: 500) {
            try await write(
                parts[start..<min(parts.count, start + 500)].map { part in
                    Annotation(
                        part: part, task: task.name, value: task.value(log.state(of: part).labels), author: author,
                        details: ["renamed": true, "from": .text(label), "to": .text(name)])
                })
        }
        trainedAt = -1
        trainIfDue()
        return parts.count
    }

    /// The labels that a query is a beginning of, or those used last.
    public func labels(matching query: String, limit: Int) -> [LabelMemory.Match] {
        var memory = log.memory
        for label in task.labels { memory.add(label) }
        return memory.matches(query, limit: limit)
    }
}

/// An image whose last decision was taken back.
public struct UndoneLabel: Sendable, Equatable {
    /// The part.
    public let part: Int64
    /// The item's id; nil where the images have not been read that far.
    public let item: String?
    /// What holds for it now.
    public let state: LabelState
}
