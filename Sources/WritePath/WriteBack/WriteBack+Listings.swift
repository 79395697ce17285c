import Drive
import MetadataStore

extension WriteBack {
    /// Replaces what the database has of `folder` by what `make` returns, if anything. No row ends in between: what its
    /// end puts into the stored listing would be lost with the older one.
    public func keep(
        listingOf folder: ObjectID, _ make: () -> StoredListing?
    ) async throws(StoreError) {
        try await turnstile.pass { () async throws(StoreError) in
            guard let listing = make() else { return }
            try await numbers.save(listing, of: folder)
        }
    }
}
