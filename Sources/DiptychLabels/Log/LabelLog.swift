public import DiptychSearch

/// All that was ever said for a task, replayed in the order in which it was said: what holds now, who said what, and what can be
/// taken back.
///
/// Annotations are only added, so replaying them again after a restart gives the same.
public struct LabelLog: Sendable {
    /// What somebody said about a part.
    struct Entry: Sendable {
        let revision: Int
        let author: Int32
        /// Places in ``names``.
        var labels: [Int32]
        let isSkip: Bool
        let settles: Bool
        var isUndone = false
    }

    /// What can be taken back: one decision, or those of a group.
    private struct Step: Sendable {
        let group: String?
        var decisions: [(part: Int64, revision: Int)]
    }

    /// A decision as the report counts it.
    struct Record: Sendable {
        let author: Int32
        let part: Int64
        let revision: Int
        let milliseconds: Int?
        let raw: Double?
        let probability: Double?
        let isBlind: Bool
        /// Whether the suggestion was what was decided.
        let isRight: Bool
        let isSkip: Bool
        var isUndone = false
    }

    private(set) var parts: [Int64: [Entry]] = [:]
    private(set) var lastRevision: [Int64: Int] = [:]
    private(set) var authors: [String] = []
    private(set) var records: [Record] = []
    private var names: [String] = []
    private var nameNumbers: [String: Int32] = [:]
    private var authorNumbers: [String: Int32] = [:]
    private var steps: [Int32: [Step]] = [:]
    private var ids: [String: (part: Int64, revision: Int)] = [:]
    /// The number of the last annotation that was replayed.
    public private(set) var last: Int64 = 0
    /// The labels that were used.
    public private(set) var memory = LabelMemory()
    /// How many parts are decided.
    public private(set) var decided = 0
    /// How many parts are skipped.
    public private(set) var skipped = 0
    /// How many parts have each label now.
    public private(set) var counts: [String: Int] = [:]
    private let task: LabelTask

    /// Replays nothing yet.
    public init(_ task: LabelTask) {
        self.task = task
        for label in task.labels { memory.add(label) }
    }

    /// Replays what was said since the last time.
    public mutating func add(_ said: [StoredAnnotation]) {
        for one in said { add(one) }
    }

    private mutating func add(_ stored: StoredAnnotation) {
        let annotation = stored.annotation, part = annotation.part
        last = stored.id
        lastRevision[part] = max(lastRevision[part] ?? 0, stored.revision)
        let details = Details(annotation.details)
        let before = standing(part)
        // Replaying calls what was renamed by its new name already, unless the old name has been taken again since.
        if details.isRename {
            if let from = details.from, let to = details.to { rename(part, from, to) }
            return count(from: before, to: standing(part))
        }
        let author = number(of: annotation.author)
        if case .undone = annotation.origin {
            undo(part, details.undoes, by: author)
            if let id = details.id { ids[id] = (part, stored.revision) }
        } else {
            let labels = task.labels(of: annotation.value)
            let entry = Entry(
                revision: stored.revision, author: author, labels: labels.map { name($0) },
                isSkip: annotation.value == nil, settles: details.settles)
            parts[part, default: []].append(entry)
            remember(Step(group: details.group, decisions: [(part, stored.revision)]), of: author)
            records.append(
                Record(
                    author: author, part: part, revision: stored.revision, milliseconds: details.milliseconds,
                    raw: details.raw, probability: details.probability, isBlind: details.isBlind,
                    isRight: details.suggested.map { labels.contains(task.current($0)) } ?? false,
                    isSkip: entry.isSkip))
            if let id = details.id { ids[id] = (part, stored.revision) }
            for label in labels { memory.used(label, at: annotation.time ?? 0) }
        }
        count(from: before, to: standing(part))
    }

    private mutating func rename(_ part: Int64, _ from: String, _ to: String) {
        guard let entries = parts[part], let old = nameNumbers[from] else { return }
        let new = name(task.current(to))
        for (place, entry) in entries.enumerated() where old != new && entry.labels.contains(old) {
            var seen: Set<Int32> = []
            parts[part]?[place].labels = entry.labels.map { $0 == old ? new : $0 }.filter { seen.insert($0).inserted }
        }
    }

    private mutating func remember(_ step: Step, of author: Int32) {
        if let group = step.group, let count = steps[author]?.count, count > 0, steps[author]?[count - 1].group == group
        {
            steps[author]?[count - 1].decisions += step.decisions
        } else {
            steps[author, default: []].append(step)
        }
    }

    /// Marks what was taken back; without a revision, what was said last.
    private mutating func undo(_ part: Int64, _ revision: Int?, by author: Int32) {
        guard let entries = parts[part],
            let place = entries.lastIndex(where: { !$0.isUndone && (revision == nil || $0.revision == revision) })
        else { return }
        parts[part]?[place].isUndone = true
        let entry = entries[place]
        for label in entry.labels { memory.unused(names[Int(label)]) }
        if let place = records.lastIndex(where: { $0.part == part && $0.revision == entry.revision }) {
            records[place].isUndone = true
        }
        guard var own = steps[entry.author] else { return }
        for place in own.indices.reversed() {
            guard let found = own[place].decisions.firstIndex(where: { $0 == (part, entry.revision) }) else { continue }
            own[place].decisions.remove(at: found)
            if own[place].decisions.isEmpty { own.remove(at: place) }
            break
        }
        steps[entry.author] = own
    }

    private mutating func count(from before: Entry?, to after: Entry?) {
        func change(_ entry: Entry?, _ by: Int) {
            guard let entry else { return }
            if entry.isSkip { skipped += by } else { decided += by }
            for label in entry.labels { counts[names[Int(label)], default: 0] += by }
        }
        change(before, -1)
        change(after, 1)
    }

    private mutating func name(_ label: String) -> Int32 {
        if let number = nameNumbers[label] { return number }
        let number = Int32(names.count)
        names.append(label)
        nameNumbers[label] = number
        return number
    }

    private mutating func number(of author: String) -> Int32 {
        if let number = authorNumbers[author] { return number }
        let number = Int32(authors.count)
        authors.append(author)
        authorNumbers[author] = number
        return number
    }

    // MARK: What holds

    /// What holds for a part: what settled it, else what was said last.
    func standing(_ part: Int64) -> Entry? {
        guard let entries = parts[part] else { return nil }
        return entries.last { !$0.isUndone && $0.settles } ?? entries.last { !$0.isUndone }
    }

    /// What each person said last about a part, and was not taken back.
    func answers(_ part: Int64) -> [Int32: Entry] {
        var answers: [Int32: Entry] = [:]
        for entry in parts[part] ?? [] where !entry.isUndone && !entry.settles { answers[entry.author] = entry }
        return answers
    }

    /// The labels of an entry by their names.
    func labels(_ entry: Entry) -> [String] { entry.labels.map { names[Int($0)] } }

    /// What holds for a part.
    public func state(of part: Int64) -> LabelState {
        let entry = standing(part), revision = lastRevision[part] ?? 0
        return LabelState(
            labels: entry.map { labels($0) } ?? [], isDecided: entry.map { !$0.isSkip } ?? false,
            isSkipped: entry?.isSkip ?? false, revision: revision, author: entry.map { authors[Int($0.author)] })
    }

    /// Who decided about a part or skipped it, as things stand.
    public func people(_ part: Int64) -> Set<String> {
        Set(answers(part).keys.map { authors[Int($0)] })
    }

    /// The parts about which anything is decided or skipped now.
    public var standingParts: [Int64] { parts.keys.filter { standing($0) != nil }.sorted() }

    /// Whether several people answered differently, and nobody has settled it.
    public func isDisputed(_ part: Int64) -> Bool {
        guard let entries = parts[part], entries.count > 1, !entries.contains(where: { !$0.isUndone && $0.settles })
        else { return false }
        let answers = answers(part).values.filter { !$0.isSkip }
        guard let first = answers.first else { return false }
        return answers.contains { Set($0.labels) != Set(first.labels) }
    }

    /// Where a decision with this identifier stands.
    public func decision(_ id: String) -> (part: Int64, revision: Int)? { ids[id] }

    /// What a person would take back next: the parts with the revisions; empty where there is nothing left.
    public func lastStep(of author: String) -> [(part: Int64, revision: Int)] {
        authorNumbers[author].flatMap { steps[$0]?.last?.decisions } ?? []
    }

    /// How many steps a person can take back.
    public func undoCount(of author: String) -> Int { authorNumbers[author].flatMap { steps[$0]?.count } ?? 0 }

    /// What would hold for a part without one of its decisions.
    func value(of part: Int64, without revision: Int) -> (labels: [String], isSkip: Bool, revision: Int)? {
        let rest = (parts[part] ?? []).filter { !$0.isUndone && $0.revision != revision }
        guard let entry = rest.last(where: \.settles) ?? rest.last else { return nil }
        return (labels(entry), entry.isSkip, entry.revision)
    }
}

/// What stands with an annotation that a person made here.
struct Details {
    var id: String?
    var group: String?
    var milliseconds: Int?
    var suggested: String?
    var probability: Double?
    var raw: Double?
    var isBlind = false
    var settles = false
    var isRename = false
    var from: String?
    var to: String?
    /// The revision that was taken back.
    var undoes: Int?

    init(_ value: AttributeValue?) {
        guard case .object(let members)? = value else { return }
        func text(_ name: String) -> String? { if case .text(let text)? = members[name] { text } else { nil } }
        func number(_ name: String) -> Double? {
            switch members[name] {
            case .integer(let value): Double(value)
            case .number(let value): value
            default: nil
            }
        }
        func flag(_ name: String) -> Bool { members[name] == .bool(true) }
        id = text("id")
        group = text("group")
        milliseconds = number("ms").flatMap { Int(exactly: $0.rounded()) }
        suggested = text("suggested")
        (from, to) = (text("from"), text("to"))
        (probability, raw) = (number("probability"), number("raw"))
        (isBlind, settles, isRename) = (flag("blind"), flag("settles"), flag("renamed"))
        undoes = number("undoes").flatMap { Int(exactly: $0) }
    }
}
