#include "wire/error_catalogue.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.hpp"
#include "wire/error_table.hpp"

namespace restante::wire {
namespace {

/// The service's reference of its error codes, January 2026.
constexpr std::string_view expected = R"(
400000 GenericBadRequest
400001 InvalidProtocolVersion
400002 DeviceInvalidResultCount
400003 InvalidOperation
400004 ArgumentInvalid
400005 ArgumentNull
400006 IotHubFormatError
400007 DeviceStorageEntitySerializationError
400008 BlobContainerValidationError
400009 ImportWarningExistsError
400010 InvalidSchemaVersion
400011 DeviceDefinedMultipleTimes
400012 DeserializationError
400013 BulkRegistryOperationFailure
400014 DefaultStorageEndpointNotConfigured
400015 InvalidFileUploadCorrelationId
400016 ExpiredFileUploadCorrelationId
400017 InvalidStorageEndpoint
400018 InvalidMessagingEndpoint
400019 InvalidFileUploadCompletionStatus
400020 InvalidStorageEndpointOrBlob
400021 RequestCanceled
400022 InvalidStorageEndpointProperty
400023 EtagDoesNotMatch
400024 RequestTimedOut
400025 UnsupportedOperationOnReplica
400026 NullMessage
400027 ConnectionForcefullyClosedOnNewConnection
400028 InvalidDeviceScope
400029 ConnectionForcefullyClosedOnFaultInjection
400030 ConnectionRejectedOnFaultInjection
400031 InvalidEndpointAuthenticationType
400032 ManagedIdentityNotEnabled
400035 InvalidPolicyKey
400036 BulkRegenerateDeviceKeyOperationFailure
400100 InvalidRouteTestInput
400101 InvalidSourceOnRoute
400102 RoutingNotEnabled
400103 InvalidContentEncodingOrType
400301 CannotRegisterModuleToModule
400302 TenantHubRoutingNotEnabled
400401 InvalidConfigurationTargetCondition
400402 InvalidConfigurationContent
400403 CannotModifyImmutableConfigurationContent
400404 InvalidConfigurationCustomMetricsQuery
400501 InvalidPnPInterfaceDefinition
400502 InvalidPnPDesiredProperties
400503 InvalidPnPReportedProperties
400504 InvalidPnPWritableReportedProperties
400505 InvalidDigitalTwinJsonPatch
400506 InvalidDigitalTwinPayload
400507 InvalidDigitalTwinPatch
400508 InvalidDigitalTwinPatchPath
401000 GenericUnauthorized
401001 IotHubNotFound
401002 IotHubUnauthorizedAccess
401003 IotHubUnauthorized
401004 ElasticPoolNotFound
401100 SystemModuleModifyUnauthorizedAccess
403000 GenericForbidden
403001 IotHubSuspended
403002 IotHubQuotaExceeded
403003 JobQuotaExceeded
403004 DeviceMaximumQueueDepthExceeded
403005 IotHubMaxCbsTokenExceeded
403006 DeviceMaximumActiveFileUploadLimitExceeded
403007 DeviceMaximumQueueSizeExceeded
403008 RoutingEndpointResponseForbidden
403009 InvalidMessageExpiryTime
403010 OperationNotAvailableInCurrentTier
403011 KeyEncryptionKeyRevoked
403012 DeviceDisabled
403100 DeviceModelMaxPropertiesExceeded
403101 DeviceModelMaxIndexablePropertiesExceeded
403800 DeviceMaximumInflightMethodExceeded
404000 GenericNotFound
404001 DeviceNotFound
404002 JobNotFound
404004 QuotaMetricNotFound
404005 SystemPropertyNotFound
404006 AmqpAddressNotFound
404007 RoutingEndpointResponseNotFound
404008 CertificateNotFound
404009 ElasticPoolTenantHubNotFound
404010 ModuleNotFound
404011 AzureTableStoreNotFound
404012 IotHubFailingOver
404013 FeatureNotSupported
404014 DigitalTwinInterfaceNotFound
404101 QueryStoreClusterNotFound
404103 DeviceNotOnline
404104 DeviceConnectionClosedRemotely
404301 ConfigurationNotFound
404302 GroupNotFound
404401 DigitalTwinModelNotFound
404402 InterfaceNameModelNotFound
405000 GenericMethodNotAllowed
405102 OperationNotAllowedInCurrentState
405103 ImportDevicesNotSupported
405104 BulkAddDevicesNotSupported
409000 GenericConflict
409001 DeviceAlreadyExists
409002 LinkCreationConflict
409003 CallbackSubscriptionConflict
409101 ModelAlreadyExists
409102 DeviceLocked
409103 DeviceJobAlreadyExists
409104 JobAlreadyExists
409301 ModuleAlreadyExistsOnDevice
409401 ConfigurationAlreadyExists
409402 ApplyConfigurationAlreadyInProgressOnDevice
409501 DigitalTwinModelAlreadyExists
409502 DigitalTwinModelExistsWithOtherModelType
409503 InterfaceNameModelAlreadyExists
412000 GenericPreconditionFailed
412001 PreconditionFailed
412002 DeviceMessageLockLost
412003 JobRunPreconditionFailed
412004 InflightMessagesInLink
413000 GenericRequestEntityTooLarge
413001 MessageTooLarge
413002 TooManyDevices
413003 TooManyModulesOnDevice
413101 ConfigurationCountLimitExceeded
413201 DigitalTwinModelCountLimitExceeded
413202 InterfaceNameCompressionModelCountLimitExceeded
415000 GenericUnsupportedMediaType
415101 IncompatibleDataType
429000 GenericTooManyRequests
429001 ThrottlingException
429002 ThrottleBacklogLimitExceeded
429003 ThrottlingBacklogTimeout
429004 ThrottlingMaxActiveJobCountExceeded
429005 DeviceThrottlingLimitExceeded
499000 ClientClosedRequest
500001 ServerError
500002 JobCancelled
500008 GenericTimeout
500009 InvalidThrottleParameter
500301 ModelRepoEndpointError
500302 ResolutionError
500401 UnableToFetchCredentials
500402 UnableToFetchTenantInfo
500403 UnableToShareIdentity
500501 UnableToExpandDiscoveryInfo
500502 UnableToExpandComponentInfo
500503 UnableToCompressComponentInfo
500504 UnableToCompressDiscoveryInfo
500505 OrphanDiscoveryDocument
502000 GenericBadGateway
503000 GenericServiceUnavailable
503001 ServiceUnavailable
503003 PartitionNotFound
503004 IotHubActivationFailed
503005 ServerBusy
503006 IotHubRestoring
503008 ReceiveLinkOpensThrottled
503101 ConnectionUnavailable
503102 DeviceUnavailable
503201 ConfigurationNotAvailable
503202 GroupNotAvailable
503301 HostingServiceNotAvailable
504000 GenericGatewayTimeout
504101 GatewayTimeout
)";

TEST(ErrorCatalogue, HasEveryCodeOfTheServicesReference) {
    std::size_t count = 0;
    for (const auto line : split(expected, '\n')) {
        if (line.empty()) continue;
        ++count;
        std::uint32_t number = 0;
        std::from_chars(line.data(), line.data() + 6, number);
        const auto name = line.substr(7);
        const auto* const row = find_error(name);
        ASSERT_NE(row, nullptr) << line;
        EXPECT_EQ(row->number, number) << line;
        EXPECT_EQ(row, find_error(number)) << line;
    }
    EXPECT_EQ(error_catalogue().size(), count);
    EXPECT_EQ(find_error("NoSuchError"), nullptr);
    EXPECT_EQ(find_error(""), nullptr);
    EXPECT_EQ(find_error(std::uint32_t{0}), nullptr);
}

TEST(ErrorCatalogue, HasNoNameOrNumberTwice) {
    std::set<std::string_view> names;
    std::set<std::uint32_t> numbers;
    for (const ErrorRow& row : error_catalogue()) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_TRUE(numbers.insert(row.number).second) << row.number;
    }
}

TEST(ErrorCatalogue, GivesTheHttpStatusInTheFirstThreeDigits) {
    for (const ErrorRow& row : error_catalogue()) {
        EXPECT_EQ(row.number / 1000, row.http_status) << row.name;
    }
}

TEST(ErrorCatalogue, ListsWhatTheHubSaysBeforeWhatIsOnlyRead) {
    const auto rows = error_catalogue();
    const auto read = std::ranges::find(rows, "InvalidProtocolVersion", &ErrorRow::name);
    for (auto row = rows.begin(); row != rows.end(); ++row) {
        EXPECT_EQ(error_row(row->code).number == row->number, row < read) << row->name;
        EXPECT_LE(row->code, ErrorCode::malformed) << row->name << " must mean what a hub may say";
        if (row < read) EXPECT_FALSE(row->condition.empty()) << row->name;
    }
    EXPECT_TRUE(std::ranges::is_sorted(read, rows.end(), {}, &ErrorRow::number));
}

struct Meaning {
    std::string_view name;
    ErrorCode code;
};

TEST(ErrorCatalogue, MeansTheNearestErrorWeHave) {
    for (const auto& [name, code] : {
             Meaning{"GenericUnauthorized", ErrorCode::unauthorized},
             Meaning{"IotHubUnauthorized", ErrorCode::unauthorized},
             Meaning{"IotHubQuotaExceeded", ErrorCode::quota_exceeded},
             Meaning{"DeviceMaximumQueueSizeExceeded",
                     ErrorCode::device_maximum_queue_depth_exceeded},
             Meaning{"DeviceNotOnline", ErrorCode::timeout},
             Meaning{"JobNotFound", ErrorCode::not_found},
             Meaning{"GenericPreconditionFailed", ErrorCode::precondition_failed},
             Meaning{"EtagDoesNotMatch", ErrorCode::precondition_failed},
             Meaning{"GenericRequestEntityTooLarge", ErrorCode::message_too_large},
             Meaning{"ThrottlingBacklogTimeout", ErrorCode::throttled},
             Meaning{"ServerBusy", ErrorCode::service_unavailable},
             Meaning{"GenericBadGateway", ErrorCode::service_unavailable},
             Meaning{"GenericGatewayTimeout", ErrorCode::timeout},
         }) {
        EXPECT_EQ(error_code_from_name(name), code) << name;
    }
}

}  // namespace
}  // namespace restante::wire
