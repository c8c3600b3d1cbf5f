internal import Foundation

/// Keeps a drive that is not there from passing for images that were deleted.
struct RootGuard {
    /// What is known of the last run: the device of each root, and the folders at and below roots on which another file system was
    /// mounted.
    private struct Seen: Codable {
        var devices: [String: UInt64] = [:]
        var mounts: Set<String> = []
    }

    private static let note = "roots"
    /// Fewer vanished images than these are no reason to ask, where the device is the same.
    static let smallNumber = 100

    private let store: any VectorStore
    private let roots: [String]
    private let rules: FolderRules
    private var seen = Seen()

    init(_ store: any VectorStore, roots: [String], rules: FolderRules) async throws {
        (self.store, self.roots, self.rules) = (store, roots, rules)
        if store.keepsNotes, let data = try await store.note(Self.note) {
            seen = (try? JSONDecoder().decode(Seen.self, from: data)) ?? Seen()
        }
    }

    /// Refuses roots, and folders below them, that held images, and hold none because their drive is missing.
    ///
    /// - Throws: ``VanishedImages``.
    func checkEmptyRoots() async throws {
        for root in roots where FolderPlace(path: root) != nil {
            var files = ImageFiles(roots: [root], rules: rules).makeIterator()
            if files.next() == nil {
                let gone = try await count(under: root)
                if gone.found > 0 { throw VanishedImages(root, .isEmpty(held: gone.found)) }
            }
            for mount in seen.mounts.sorted() where FilePath.path(mount, isAtOrBelow: root) && !Self.isMount(mount) {
                let gone = try await count(under: mount)
                if gone.found > 0 { throw VanishedImages(mount, .notMounted(held: gone.found)) }
            }
        }
    }

    /// Refuses roots of which more than half has vanished, where that looks like another drive in the place of the right one, or
    /// where embeddings are about to be dropped.
    ///
    /// - Throws: ``VanishedImages``.
    func checkMajorities(dropsVanished: Bool) async throws {
        for root in roots {
            guard let place = FolderPlace(path: root) else { continue }
            let isOther = seen.devices[root].map { $0 != place.device } ?? false
            guard isOther || dropsVanished else { continue }
            let gone = try await count(under: root)
            guard gone.vanished > gone.all / 2, isOther || gone.vanished >= Self.smallNumber else { continue }
            throw VanishedImages(root, .mostly(vanished: gone.vanished, of: gone.all, isOtherDevice: isOther))
        }
    }

    /// Notes where the roots are.
    mutating func record(_ counts: FolderCounts) async throws {
        guard store.keepsNotes else { return }
        let before = try? JSONEncoder().encode(seen)
        for root in roots {
            seen.mounts = seen.mounts.filter { !FilePath.path($0, isAtOrBelow: root) }
            seen.devices = seen.devices.filter { !FilePath.path($0.key, isAtOrBelow: root) }
            guard let place = FolderPlace(path: root) else { continue }
            seen.devices[root] = place.device
            if Self.isMount(root) { seen.mounts.insert(root) }
        }
        seen.mounts.formUnion(counts.now.mounts)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let data = try encoder.encode(seen)
        if data != before { try await store.setNote(Self.note, data) }
    }

    /// Whether another file system begins at a folder.
    private static func isMount(_ path: String) -> Bool {
        guard path != "/", let place = FolderPlace(path: path),
            let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        else { return false }
        let parent = path[..<slash]
        return FolderPlace(path: parent.isEmpty ? "/" : String(parent)).map { $0.device != place.device } ?? false
    }

    /// The items under a folder, how many of their files are gone, and how many of these are not marked yet, so that they are
    /// found.
    private func count(under root: String) async throws -> (all: Int, vanished: Int, found: Int) {
        var (last, all, vanished, found): (String?, Int, Int, Int) = (nil, 0, 0, 0)
        let filter = Vanished.filter(under: [root])
        while true {
            try Task.checkCancellation()
            let step = try await store.places(after: last, limit: 1000, filter: filter)
            guard let end = step.last?.id else { return (all, vanished, found) }
            last = end
            all += step.count
            for item in step where Vanished.hasVanished(item.path) {
                vanished += 1
                if !item.missing { found += 1 }
            }
        }
    }
}

/// Images that a store holds are not where they were, in a way that looks like a drive that is not there. Nothing was removed.
public struct VanishedImages: Error, Equatable, CustomStringConvertible {
    /// How it looks.
    public enum Kind: Sendable, Equatable {
        /// The folder holds no images.
        case isEmpty(held: Int)
        /// A file system was mounted on it, and is no longer.
        case notMounted(held: Int)
        /// Most images are gone.
        case mostly(vanished: Int, of: Int, isOtherDevice: Bool)
    }

    /// The folder.
    public let path: String
    /// How it looks.
    public let kind: Kind

    init(_ path: String, _ kind: Kind) { (self.path, self.kind) = (path, kind) }

    /// The folder and how it looks, in one line.
    public var description: String {
        func images(_ count: Int) -> String { count == 1 ? "1 image" : "\(count) images" }
        return switch kind {
        case .isEmpty(let held):
            "\(path): it holds no images, and the store has \(images(held)) of it; nothing was removed"
        case .notMounted(let held):
            "\(path): a drive was mounted here and is not now, and the store has \(images(held)) of it; nothing was removed"
        case .mostly(let vanished, let all, let isOtherDevice):
            "\(path): \(vanished) of \(images(all)) in the store are gone"
                + (isOtherDevice ? ", and it is on another device than before" : "") + "; nothing was removed"
        }
    }
}
