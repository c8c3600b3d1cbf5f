internal import DiptychBasics
internal import GRDB

extension Catalog {
    /// A version and those that it was made of, and theirs, each once: the version itself first.
    ///
    /// - Throws: ``CatalogError`` where there is none.
    public func lineage(of name: String) throws -> [CatalogVersion] {
        let first = try version(DatasetName(name))
        var (found, waiting, known) = ([CatalogVersion](), [first], Set<Int64>([first.id]))
        while !waiting.isEmpty {
            let version = waiting.removeFirst()
            found.append(version)
            for parent in version.parents {
                let parent = try self.version(parent)
                if known.insert(parent.id).inserted { waiting.append(parent) }
            }
        }
        return found
    }
}
