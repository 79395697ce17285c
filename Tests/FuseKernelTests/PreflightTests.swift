import Testing

@testable import FuseKernel

@Suite struct PreflightTests {
    @Test func fuseConfAllowsSharingOnlyWithItsOwnLine() {
        #expect(Preflight.configurationAllowsSharing("# comment\nuser_allow_other\n"))
        #expect(Preflight.configurationAllowsSharing("  user_allow_other # yes"))
        #expect(!Preflight.configurationAllowsSharing("#user_allow_other\nmount_max = 10\n"))
        #expect(!Preflight.configurationAllowsSharing(""))
    }
}
