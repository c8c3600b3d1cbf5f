internal import Foundation

/// One download of a model, from the list of its files to the manifest.
struct Pull {
    let name: ModelName
    let cache: ModelCache
    let client: HubClient
    let isForced: Bool
    let event: (PullEvent) -> Void

    private var directory: URL { cache.directory(of: name) }

    private var policy: RetryPolicy {
        RetryPolicy(options: client.options, isCancelled: client.isCancelled) { error, delay in
            event(.retrying(reason: error.description, delay: delay))
        }
    }

    /// The files, and what is to be said of where they come from.
    private struct Plan {
        var files: [PlannedFile]
        var index: String?
        var commit: String?
    }

    func run() throws(HubError) -> ModelCache.Model {
        try CacheFiles.makeDirectory(cache.directory.path)
        let lock = try CacheLock(
            path: cache.directory.appendingPathComponent(".\(name.directoryName).lock").path,
            isCancelled: client.isCancelled
        ) { event(.waiting) }
        defer { withExtendedLifetime(lock) {} }
        // Whoever had the lock may have done the work.
        if !isForced, let model = cache.model(name) { return model }
        try CacheFiles.makeDirectory(directory.path)
        var plan = try plan()
        var records: [ModelManifest.File] = []
        if let index = plan.index { records += try downloadIndex(index, &plan) }
        records += try download(plan, done: records)
        let old = [ModelManifest.fileName, ModelManifest.formerName].compactMap { cache.manifest(in: directory, $0) }
        let manifest = try write(records, commit: plan.commit, to: ModelManifest.fileName)
        unlink(directory.appendingPathComponent(ModelManifest.planName).path)
        // Weights of an earlier commit in other files would be read as well.
        for file in Set(old.flatMap(\.files).map(\.name)).subtracting(records.map(\.name)) {
            unlink(directory.appendingPathComponent(file).path)
        }
        unlink(directory.appendingPathComponent(ModelManifest.formerName).path)
        return ModelCache.Model(name: name, directory: directory, manifest: manifest)
    }

    // MARK: What there is

    private func plan() throws(HubError) -> Plan {
        guard case .files(let files) = name.registered?.source else {
            return try plan(repository: name.repository ?? "")
        }
        var plan = Plan(files: [])
        var listings: [String: RepositoryListing] = [:]
        for file in files {
            switch file.origin {
            case .url(let url, let sha256):
                plan.files.append(
                    PlannedFile(
                        name: file.name, url: try client.mirrored(url), size: file.size, hash: .sha256(sha256)))
            case .hub(let repository, let path):
                let known = listings[repository]
                let listing = if let known { known } else { try list(repository, "main") }
                listings[repository] = listing
                plan.commit = listing.commit
                plan.files.append(try planned(path, as: file.name, repository, listing))
            }
        }
        return plan
    }

    private func plan(repository: String) throws(HubError) -> Plan {
        let listing = try list(repository, name.revision ?? "main")
        let choice = try FileChoice(among: Set(listing.files.keys), subject: name.description)
        var plan = Plan(files: [], index: choice.index, commit: listing.commit)
        for file in choice.files { plan.files.append(try planned(file, as: file, repository, listing)) }
        if choice.needsOpenAIVocabulary, case .url(let url, let sha256) = ModelFile.openAIVocabulary.origin {
            plan.files.append(
                PlannedFile(
                    name: ModelFile.openAIVocabulary.name, url: try client.mirrored(url),
                    size: ModelFile.openAIVocabulary.size, hash: .sha256(sha256)))
        }
        return plan
    }

    private func planned(
        _ path: String, as name: String, _ repository: String, _ listing: RepositoryListing
    ) throws(HubError) -> PlannedFile {
        guard let file = listing.files[path] else {
            throw HubError(.notFound, self.name.description, "\(repository) has no file \(path)")
        }
        // By commit, so that all files belong together even if the branch moves on meanwhile.
        let revision = WebAddress.encoded(listing.commit ?? self.name.revision ?? "main")
        let url = "\(client.endpoint)/\(repository)/resolve/\(revision)/\(WebAddress.encoded(path))"
        return PlannedFile(name: name, url: url, size: file.size, hash: file.hash)
    }

    private func list(_ repository: String, _ revision: String) throws(HubError) -> RepositoryListing {
        let url = "\(client.endpoint)/api/models/\(repository)/revision/\(WebAddress.encoded(revision))?blobs=true"
        let subject = name.description
        let bytes = try policy.run { () throws(AttemptError) in
            var bytes = Data()
            do throws(AttemptError) {
                _ = try client.get(url, subject: subject) { _, part in
                    bytes.append(contentsOf: part)
                    return bytes.count <= RepositoryListing.largest
                }
            } catch  where bytes.count > RepositoryListing.largest {
                throw AttemptError.final(
                    HubError(.untrusted, subject, "the endpoint's list of its files has no end; is it a hub?"))
            }
            return bytes
        }
        return try RepositoryListing(bytes, subject: subject)
    }

    // MARK: Getting it

    /// Downloads the index of weights in parts, and adds the parts to the plan.
    private func downloadIndex(_ index: String, _ plan: inout Plan) throws(HubError) -> [ModelManifest.File] {
        guard let file = plan.files.first(where: { $0.name == index }) else { return [] }
        let record = try fetch(file) { _ in }
        let path = directory.appendingPathComponent(index).path
        guard let bytes = CacheFiles.contents(path, most: FileChoice.largestIndex) else {
            throw HubError(.untrusted, name.description, "\(index) is too large to be an index")
        }
        // The listing is asked again rather than carried along: parts are rare.
        let listing = try list(name.repository ?? "", plan.commit ?? name.revision ?? "main")
        for part in try FileChoice.parts(of: bytes, name: index, subject: name.description) {
            plan.files.append(try planned(part, as: part, name.repository ?? "", listing))
        }
        plan.files.removeAll { $0.name == index }
        return [record]
    }

    private func download(_ plan: Plan, done: [ModelManifest.File]) throws(HubError) -> [ModelManifest.File] {
        try write(
            done
                + plan.files.map {
                    ModelManifest.File(name: $0.name, size: $0.size ?? 0, sha256: "", url: $0.url)
                }, commit: plan.commit, to: ModelManifest.planName)
        let present = plan.files.reduce(0) { $0 + presentBytes($1) }
        let sizes = plan.files.compactMap(\.size)
        let total = sizes.count == plan.files.count ? sizes.reduce(0) { $0 + min($1, FileDownload.largest) } : nil
        try checkRoom(sizes.reduce(0) { $0 + min($1, FileDownload.largest) } - present)
        event(.started(files: plan.files.count, bytes: total, present: present))
        var records: [ModelManifest.File] = []
        var before = 0
        for file in plan.files {
            records.append(try fetch(file) { event(.progress(bytes: before + $0)) })
            before += records.last?.size ?? 0
        }
        return records
    }

    private func fetch(
        _ file: PlannedFile, progress: @escaping (Int) -> Void
    ) throws(HubError) -> ModelManifest.File {
        let download = FileDownload(
            file, model: name.description, directory: directory, client: client, policy: policy, progress: progress)
        let manifest = directory.appendingPathComponent(ModelManifest.fileName).path
        let former = directory.appendingPathComponent(ModelManifest.formerName).path
        // From the first replaced file on, the old manifest describes what is no longer there.
        return try download.run { () throws(HubError) in
            guard Foundation.rename(manifest, former) == 0 || errno == ENOENT else {
                throw CacheFiles.failure(manifest, code: errno)
            }
        }
    }

    private func presentBytes(_ file: PlannedFile) -> Int {
        let path = directory.appendingPathComponent(file.name).path
        let size = CacheFiles.size(path)
        if size != nil, size == file.size { return size ?? 0 }
        return min(CacheFiles.size(path + ".partial") ?? 0, file.size ?? 0)
    }

    private func checkRoom(_ needed: Int) throws(HubError) {
        guard let room = CacheFiles.room(at: directory.path), needed > room else { return }
        throw HubError(
            .noSpace, name.description,
            "needs \(needed) more bytes, but \(directory.path) has room for \(room); free some space or give another cache "
                + "directory")
    }

    @discardableResult
    private func write(
        _ files: [ModelManifest.File], commit: String?, to fileName: String
    ) throws(HubError) -> ModelManifest {
        let manifest = ModelManifest(
            format: ModelManifest.currentFormat, model: name.description,
            revision: name.repository == nil ? nil : name.revision ?? "main", commit: commit, files: files)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let bytes = try? encoder.encode(manifest) else {
            throw HubError(.cache, name.description, "its manifest cannot be written")
        }
        try CacheFiles.write(bytes, to: directory.appendingPathComponent(fileName).path)
        return manifest
    }
}
