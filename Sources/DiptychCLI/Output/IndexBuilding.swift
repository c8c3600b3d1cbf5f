import Diptych
import DiptychSearch
import Foundation

extension IndexProgress {
    /// For people.
    var text: String {
        let state =
            switch state {
            case .finished: indexed < total ? "the others are few enough to be compared" : "finished"
            case .building: "being built"
            case .failed: "failed" + (reason.map { ": \($0)" } ?? "")
            }
        let measure = kind == "codes" ? "" : " (\(metric))"
        return "\(kind)\(measure)  \(Columns.grouped(indexed)) of \(Columns.grouped(total)) embeddings, \(state)"
    }

    /// For programs.
    var json: JSON {
        var members: [(String, JSON)] = [
            ("kind", .string(kind)), ("metric", .string(metric)), ("indexed", .int(indexed)), ("total", .int(total)),
            ("state", .string(state.rawValue)),
        ]
        if let reason { members.append(("reason", .string(reason))) }
        return .object(members)
    }
}

/// Shows how a server builds the index of what was just stored.
enum IndexBuilding {
    /// How long it is watched: everything is stored, and searches find it meanwhile.
    private static let patience = Duration.seconds(30)

    /// Watches until the index is finished, or for half a minute.
    ///
    /// - Returns: how far it is then.
    static func watch(_ store: any VectorStore, isQuiet: Bool) async throws -> IndexProgress {
        let end = ContinuousClock.now + patience
        var now = try await store.indexProgress()
        guard now.state == .building else { return now }
        let progress = Progress("building the index", total: now.total, isQuiet: isQuiet)
        defer { progress.end() }
        while now.state == .building, ContinuousClock.now < end {
            progress.update(now.indexed)
            try await Task.sleep(for: .milliseconds(500))
            now = try await store.indexProgress()
        }
        return now
    }
}
